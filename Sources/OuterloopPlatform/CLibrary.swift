// The C library of the system, whatever it is called: who imports this room has it.
#if canImport(Glibc)
  @_exported public import Glibc
#elseif canImport(Musl)
  @_exported public import Musl
#else
  @_exported public import Darwin
#endif

/// Functions of the C library under names of their own, for places where the plain name means something
/// else, as where a method of the same name hides it, and what is made of them.
package enum CLibrary {
  package typealias SignalHandler = @convention(c) (Int32) -> Void

  package static func openFile(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
    open(path, flags, mode)
  }
  package static func closeFile(_ file: Int32) -> Int32 { close(file) }
  package static func readFile(_ file: Int32, _ to: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(file, to, count)
  }
  package static func writeFile(_ file: Int32, _ from: UnsafeRawPointer?, _ count: Int) -> Int {
    write(file, from, count)
  }

  /// Writes all bytes; false, with `errno`, if that is not possible.
  package static func writeAll(_ bytes: ArraySlice<UInt8>, to file: Int32) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let count = write(file, buffer.baseAddress.map { $0 + done }, buffer.count - done)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
      }
      return true
    }
  }

  package static func exitProcess(_ status: Int32) -> Never { exit(status) }
  @discardableResult
  package static func handleSignal(_ number: Int32, _ action: SignalHandler?) -> SignalHandler? {
    signal(number, action)
  }
  package static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// A path without symbolic links; nil, with `errno`, if nothing is there.
  package static func realPath(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }

  /// The folder of a path, and the name in it.
  package static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = slash == path.startIndex ? "/" : String(path[..<slash])
    return (folder, String(path[path.index(after: slash)...]))
  }

  /// The names in a folder, hidden ones too, in no order; nil, with `errno`, if it cannot be read.
  package static func names(inFolder path: String) -> [String]? {
    guard let folder = opendir(path) else { return nil }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
        })
    }
    return names
  }

  package static func exp(_ x: Double) -> Double { plainExp(x) }
  package static func log(_ x: Double) -> Double { plainLog(x) }
  package static func log10(_ x: Double) -> Double { plainLog10(x) }
}

// Outside of the type its methods hide nothing.
private func plainExp(_ x: Double) -> Double { exp(x) }
private func plainLog(_ x: Double) -> Double { log(x) }
private func plainLog10(_ x: Double) -> Double { log10(x) }
