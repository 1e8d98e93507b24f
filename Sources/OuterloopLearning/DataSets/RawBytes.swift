internal import OuterloopPlatform

/// The bytes of a file or of an array, in order, as they are stored.
final class RawBytes {
  let name: String
  /// The number of bytes, where it is known in advance: regular files and arrays.
  let size: Int?
  /// Whether the file gives the same bytes when it is opened again: not so for pipes.
  let isRepeatable: Bool
  private let descriptor: Int32
  private let memory: [UInt8]
  private(set) var position = 0

  init(memory: [UInt8], name: String) {
    self.name = name
    self.memory = memory
    size = memory.count
    isRepeatable = true
    descriptor = -1
  }

  /// Opens a file for reading.
  ///
  /// - Throws: a `DataError` that distinguishes missing, forbidden and not a file.
  init(path: String) throws(DataError) {
    name = path
    memory = []
    // A path with a NUL would be truncated there by the C call.
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw RawBytes.refusal(path, ENOENT)
    }
    let opened = open(path, O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else { throw RawBytes.refusal(path, errno) }
    var status = stat()
    guard fstat(opened, &status) == 0 else {
      let code = errno
      close(opened)
      throw RawBytes.refusal(path, code)
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      close(opened)
      throw RawBytes.refusal(path, EISDIR)
    }
    descriptor = opened
    isRepeatable = status.st_mode & S_IFMT == S_IFREG
    size = isRepeatable ? Int(status.st_size) : nil
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Copies the next bytes into `buffer`; 0 means the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    guard descriptor >= 0 else {
      let count = min(buffer.count, memory.count - position)
      buffer.copyBytes(from: memory[position..<(position + count)])
      position += count
      return count
    }
    while true {
      let count = CLibrary.readFile(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 {
        position += count
        return count
      }
      if errno != EINTR { throw RawBytes.refusal(name, errno) }
    }
  }

  /// The error for a system error number when opening this file.
  static func refusal(_ path: String, _ code: Int32) -> DataError {
    switch code {
    case ENOENT, ENOTDIR:
      DataError(.missing, file: path, what: "no such file", remedy: "check the path")
    case EACCES, EPERM:
      DataError(
        .unreadable, file: path, what: "permission denied",
        remedy: "make it readable (chmod u+r), and its folders searchable")
    case EISDIR:
      DataError(
        .notAFile, file: path, what: "a folder, where a file was expected",
        remedy: "name a file inside it")
    default:
      DataError(
        .unreadable, file: path, what: String(cString: strerror(code)),
        remedy: "check the file and its disk")
    }
  }
}
