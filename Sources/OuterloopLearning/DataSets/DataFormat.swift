internal import OuterloopPlatform

/// The formats that the readers know.
enum DataFormat {
  case idx, csv, libsvm

  /// The format of a file by its name, or else by how it begins: two zero bytes are IDX, a second
  /// word like `3:0.5` is LIBSVM, all else CSV.
  ///
  /// - Complexity: reads at most the first line.
  init(path: String, limit: Int) throws(DataError) {
    let name = CLibrary.split(path).name
    let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    if plain.hasSuffix(".csv") {
      self = .csv
    } else if plain.hasSuffix(".svm") || plain.hasSuffix(".libsvm") {
      self = .libsvm
    } else if plain.hasSuffix("-ubyte") {
      self = .idx
    } else {
      self = try DataFormat(beginning: ByteStream(path: path, limit: limit))
    }
  }

  private init(beginning stream: ByteStream) throws(DataError) {
    guard stream.isRepeatable else {
      throw DataError(
        .notAFile, file: stream.name, what: "a pipe or device whose name does not tell its format",
        remedy: "write the data to a file first")
    }
    var head: [UInt8] = []
    _ = try stream.read(4096, into: &head)
    if head.starts(with: [0, 0]) {
      self = .idx
      return
    }
    let line = head.prefix { $0 != UInt8(ascii: "\n") }
    let words = line.split(whereSeparator: DecimalText.isSpace)
    let isSparse = words.dropFirst().first.map { word in
      word.prefix { $0 != UInt8(ascii: ":") }.allSatisfy { (0x30...0x39).contains($0) }
        && word.contains(UInt8(ascii: ":"))
    }
    self = isSparse == true ? .libsvm : .csv
  }
}
