/// Texts of one column, each different one kept once.
struct TextCells {
  /// More different texts than this are neither classes nor categories; they are counted no further.
  static let mostTexts = 1 << 16

  /// The different texts, in the order in which they came.
  private(set) var texts: [String] = []
  private var codes: [String: Int32] = [:]
  /// Whether there were more than `mostTexts`.
  private(set) var isOverfull = false

  /// The place of a text in `texts`; nil when it is new and there are too many already.
  mutating func code(_ text: String) -> Int32? {
    if let code = codes[text] { return code }
    guard texts.count < TextCells.mostTexts else {
      isOverfull = true
      return nil
    }
    let code = Int32(texts.count)
    codes[text] = code
    texts.append(text)
    return code
  }

  /// Whether a cell says that there is no value: it is empty, `?`, `NA`, `N/A`, `NaN`, `null`,
  /// `nil` or `none`.
  static func isMissing(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard bytes.count <= 4 else { return false }
    switch String(decoding: bytes.map { $0 | 0x20 }, as: UTF8.self) {
    // A question mark has this bit already; of a slash and of letters it makes small letters.
    case "", "?", "na", "n/a", "nan", "null", "nil", "none": return true
    default: return false
    }
  }
}
