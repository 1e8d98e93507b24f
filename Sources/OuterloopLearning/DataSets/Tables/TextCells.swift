/// The texts of one column, each distinct one stored once.
struct TextCells {
  /// More distinct texts than this are neither classes nor categories; they are not counted further.
  static let mostTexts = 1 << 16

  /// The distinct texts, in order of appearance.
  private(set) var texts: [String] = []
  private var codes: [String: Int32] = [:]
  /// Whether there were more than `mostTexts`.
  private(set) var isOverfull = false

  /// The index of a text in `texts`; nil if it is new and there are too many already.
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

  /// Whether a cell is missing: empty, `?`, `NA`, `N/A`, `#N/A`, `NaN`, `null`, `nil` or `none`, in
  /// any case.
  static func isMissing(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard bytes.count <= 4 else { return false }
    // The bit converts letters to lower case; the other characters have it already.
    switch String(decoding: bytes.map { $0 | 0x20 }, as: UTF8.self) {
    case "", "?", "na", "n/a", "#n/a", "nan", "null", "nil", "none": return true
    default: return false
    }
  }

  /// The same for a class. `none` and `nil` may well be one.
  static func isMissingClass(_ text: String) -> Bool {
    isMissing(Array(text.utf8)[...]) && !["none", "nil"].contains(text.lowercased())
  }
}
