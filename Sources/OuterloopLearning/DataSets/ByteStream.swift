/// The bytes of a data file in order, decompressed if they are gzip, through one window of fixed
/// size.
///
/// Gzip is recognized by the first two bytes, not by the name. Nothing is allocated on the basis of
/// a header: callers receive what arrives, up to `limit` bytes in all.
final class ByteStream {
  let name: String
  /// The number of unpacked bytes, where it is known in advance: plain regular files and arrays.
  let size: Int?
  /// Whether the file gives the same bytes when it is opened again: not so for pipes.
  var isRepeatable: Bool { raw.isRepeatable }
  /// The number of bytes handed out so far: the offset of the next one.
  private(set) var offset = 0
  private let raw: RawBytes
  private let gunzip: Gunzip?
  private let limit: Int
  private var window: [UInt8]
  private var next = 0
  private var end: Int
  private var arrived: Int
  /// Converts the input to UTF-8; nil: no conversion.
  private var decoder: TextDecoder?
  private var rawWindow: [UInt8] = []
  /// The byte that ends lines.
  private var lineEnd = UInt8(ascii: "\n")

  /// The size of the window in bytes.
  private static let windowSize = 1 << 16
  /// The longest line accepted in a text file.
  static let longestLine = 1 << 24

  convenience init(path: String, limit: Int) throws(DataError) {
    try self.init(RawBytes(path: path), limit: limit)
  }

  convenience init(bytes: [UInt8], name: String, limit: Int) throws(DataError) {
    try self.init(RawBytes(memory: bytes, name: name), limit: limit)
  }

  private init(_ raw: RawBytes, limit: Int) throws(DataError) {
    self.raw = raw
    self.limit = limit
    name = raw.name
    window = [UInt8](repeating: 0, count: ByteStream.windowSize)
    // A pipe may deliver single bytes; two are needed to recognize gzip.
    var count = 0
    while count < 2 {
      let more = try ByteStream.read(into: &window, from: count, raw.read(into:))
      if more == 0 { break }
      count += more
    }
    if count >= 2, window[0] == 0x1F, window[1] == 0x8B {
      gunzip = try Gunzip(raw, start: window[0..<count])
      size = nil
      count = 0
    } else {
      gunzip = nil
      size = raw.size
    }
    end = count
    arrived = count
  }

  /// Ensures that the window holds at least one unread byte; false at the end.
  private func fill() throws(DataError) -> Bool {
    if next < end { return true }
    next = 0
    end = 0
    guard decoder != nil else {
      end = try arrive(into: &window, from: 0)
      return end > 0
    }
    window.removeAll(keepingCapacity: true)
    while window.isEmpty {
      let count = try arrive(into: &rawWindow, from: 0)
      guard count > 0 else {
        try decoder?.finish()
        break
      }
      try decoder?.decode(rawWindow[0..<count], into: &window)
    }
    end = window.count
    return end > 0
  }

  /// Reads decompressed bytes as they arrive; 0 at the end.
  private func arrive(
    into window: inout [UInt8], from start: Int
  ) throws(DataError) -> Int {
    let count = try ByteStream.read(into: &window, from: start) {
      (buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int in
      if let gunzip { try gunzip.read(into: buffer) } else { try raw.read(into: buffer) }
    }
    arrived += count
    guard arrived <= limit else {
      throw DataError(
        .tooLarge, file: name, what: "more than \(grouped(limit)) bytes unpacked",
        remedy: "split the file, or raise the limit")
    }
    return count
  }

  /// Declares that the file is text in this encoding, to be returned as UTF-8 without a byte-order
  /// mark; called before anything is read.
  ///
  /// - Throws: `DataError` for files whose first bytes are not text.
  func beginText(_ encoding: TextEncoding) throws(DataError) {
    // A pipe may deliver single bytes.
    _ = try fill()
    while end < 64 {
      let more = try arrive(into: &window, from: end)
      if more == 0 { break }
      end += more
    }
    let start = TextStart(window[0..<end])
    if let kind = start.otherKind {
      throw DataError(
        .wrongKind, file: name, what: "\(kind), not text", remedy: "export it as CSV in UTF-8")
    }
    switch encoding.kind {
    case .detected:
      if let isBigEndian = start.utf16 {
        decoder = TextDecoder(utf16BigEndian: isBigEndian, file: name)
      }
    case .utf8: break
    case .utf16(let isBigEndian):
      decoder = TextDecoder(utf16BigEndian: isBigEndian ?? start.utf16 ?? false, file: name)
    case .page(let page): decoder = TextDecoder(page: page, file: name)
    }
    var mark = 0
    switch encoding.kind {
    case .page: break
    case .detected, .utf8: mark = start.markLength
    case .utf16: mark = start.markLength == 2 ? 2 : 0
    }
    if decoder != nil {
      rawWindow = window
      window = []
      try decoder?.decode(rawWindow[mark..<end], into: &window)
      end = window.count
    } else {
      next = mark
    }
    let carriageReturn = UInt8(ascii: "\r")
    if !window[next..<end].contains(lineEnd), window[next..<end].contains(carriageReturn) {
      lineEnd = carriageReturn
    }
  }

  /// The next available bytes, without consuming them; empty at the end.
  func upcoming() throws(DataError) -> ArraySlice<UInt8> {
    try fill() ? window[next..<end] : []
  }

  /// Appends the next bytes to `bytes`, at most `count`; fewer only at the end.
  func read(_ count: Int, into bytes: inout [UInt8]) throws(DataError) -> Int {
    var taken = 0
    while taken < count, try fill() {
      let step = min(count - taken, end - next)
      bytes.append(contentsOf: window[next..<(next + step)])
      next += step
      taken += step
    }
    offset += taken
    return taken
  }

  /// Replaces `line` by the next line, without its LF or CRLF; false at the end.
  ///
  /// - Parameter appending: keeps what `line` holds and puts the next line after it.
  func readLine(
    into line: inout [UInt8], appending: Bool = false, number: Int
  ) throws(DataError) -> Bool {
    if !appending { line.removeAll(keepingCapacity: true) }
    guard try fill() else { return false }
    repeat {
      let stop = window[next..<end].firstIndex(of: lineEnd)
      line.append(contentsOf: window[next..<(stop ?? end)])
      offset += (stop.map { $0 + 1 } ?? end) - next
      next = stop.map { $0 + 1 } ?? end
      guard line.count <= ByteStream.longestLine else {
        throw DataError(
          .tooLarge, file: name, line: number,
          what: "a line of more than \(grouped(ByteStream.longestLine)) bytes",
          remedy: "check that this is a text file")
      }
      if stop != nil { break }
    } while try fill()
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    return true
  }

  private static func read(
    into window: inout [UInt8], from start: Int,
    _ body: (UnsafeMutableRawBufferPointer) throws(DataError) -> Int
  ) throws(DataError) -> Int {
    try window.withUnsafeMutableBufferPointer { (bytes) throws(DataError) -> Int in
      try body(UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: bytes[start...])))
    }
  }
}

/// The default limit on the bytes that readers decompress or hold for one file: 8 GiB.
public let standardDataLimit = 8 << 30
