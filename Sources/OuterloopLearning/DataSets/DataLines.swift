/// The lines of a text file, decompressed if it is gzip, for readers of formats that this module does not
/// know.
///
/// Memory: one window of fixed size and the longest line.
package struct DataLines {
  private let stream: ByteStream
  private var line: [UInt8] = []
  /// The number of the line that `next` returned last, from 1.
  package private(set) var number = 0

  package init(path: String, limit: Int = standardDataLimit) throws(DataError) {
    stream = try ByteStream(path: path, limit: limit)
  }

  /// The next line without its line end; nil at the end of the file.
  package mutating func next() throws(DataError) -> ArraySlice<UInt8>? {
    guard try stream.readLine(into: &line, number: number + 1) else { return nil }
    number += 1
    return line[...]
  }
}
