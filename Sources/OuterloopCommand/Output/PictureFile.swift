internal import OuterloopCharts
internal import OuterloopFiles
internal import OuterloopFoundation

/// Picture files, with a last line that shows whether they have been edited.
///
/// Redrawn pictures replace earlier ones. A picture that has been edited since is someone's work and
/// is kept.
enum PictureFile {
  /// Replaces only pictures that have not been edited.
  static let own = Replacement.files { path in
    guard let bytes = FileManager.default.contents(atPath: path) else { return false }
    return isAsDrawn(bytes)
  }

  /// Writes pictures into an existing folder. A file that must not be replaced is found before the
  /// first is written.
  static func write(
    _ pictures: [StudyFigures.Picture], into folder: String, replacing: Replacement = own
  ) throws {
    let files = try pictures.map {
      try OutputFile("\(folder)/\($0.fileName)", replacing: replacing)
    }
    for (file, picture) in zip(files, pictures) {
      try file.write(signed(picture.svg))
      try file.commit()
    }
  }

  /// `<!-- outerloop 1f83d9abfb41bd6b -->`, where the number is a hash of everything before it.
  static func signed(_ svg: String) -> String { "\(svg)\(signature(svg.utf8))\n" }

  static func isAsDrawn(_ bytes: Data) -> Bool {
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    guard bytes.last == UInt8(ascii: "\n"), let last = lines.last else { return false }
    let drawn = bytes.prefix(last.startIndex - bytes.startIndex)
    return drawn.count + last.count + 1 == bytes.count
      && last.elementsEqual(signature(drawn).utf8)
  }

  /// The 64-bit FNV-1a hash (Fowler, Noll and Vo).
  private static func signature(_ bytes: some Sequence<UInt8>) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return "<!-- outerloop \(String(repeating: "0", count: 16 - digits.count))\(digits) -->"
  }
}
