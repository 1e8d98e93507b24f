/// Detects the field separator of a table.
enum Separator {
  /// The comma is last: if another byte separates the fields, it may be a decimal comma, as in 0,5.
  static let candidates: [UInt8] = [
    UInt8(ascii: "\t"), UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: ","),
  ]

  /// The first candidate that splits all of the first lines into the same number of fields, at
  /// least two; if none does, the one that gives the first line most fields, so that an error shows
  /// where lines differ.
  ///
  /// - Complexity: O(bytes).
  static func detected(_ bytes: ArraySlice<UInt8>) -> UInt8 {
    var best = (separator: UInt8(ascii: ","), fields: 1)
    for separator in candidates {
      let counts = fieldCounts(bytes, separator)
      guard let fields = counts.first, fields > 1 else { continue }
      if counts.allSatisfy({ $0 == fields }) { return separator }
      if fields > best.fields { best = (separator, fields) }
    }
    return best.separator
  }

  /// The number of fields in each of the first lines that are complete and not blank.
  private static func fieldCounts(_ bytes: ArraySlice<UInt8>, _ separator: UInt8) -> [Int] {
    var counts: [Int] = []
    var fields = 1
    var isQuoted = false
    var isBlank = true
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""):
        isQuoted.toggle()
        isBlank = false
      case separator where !isQuoted:
        fields += 1
        isBlank = false
      case UInt8(ascii: "\n") where !isQuoted, UInt8(ascii: "\r") where !isQuoted:
        if !isBlank { counts.append(fields) }
        if counts.count == 20 { return counts }
        (fields, isBlank) = (1, true)
      default:
        if !DecimalText.isSpace(byte) { isBlank = false }
      }
    }
    // The last line may be incomplete, unless it is the only one.
    if counts.isEmpty, !isBlank { counts.append(fields) }
    return counts
  }
}
