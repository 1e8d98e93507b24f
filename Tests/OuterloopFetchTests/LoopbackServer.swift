import Foundation
import Synchronization

/// An HTTP server on 127.0.0.1 that answers each request by the next line of a script.
final class LoopbackServer: Sendable {
  /// What to do with one request.
  enum Answer: Sendable {
    /// The file, or the part of it that is asked for.
    case file
    /// The same, but the connection ends after so many bytes of the body.
    case cut(after: Int)
    /// The whole file, with status 200, whatever is asked for.
    case ignoreRange
    /// A part that begins at another byte than asked for.
    case shiftedRange
    /// Another body, with status 200.
    case body([UInt8])
    case status(Int)
    /// The head and so many bytes, then nothing.
    case hang(after: Int)
    /// Nothing at all.
    case silence
    /// The file in pieces of so many bytes, 20 ms apart, without a length.
    case slow(pieces: Int)
  }

  /// A request as the server saw it.
  struct Request: Sendable, Equatable {
    let path: String
    /// The offset asked for, if any.
    let rangeStart: Int?
    let acceptsPacked: Bool
  }

  let address: String
  private let socket: Int32
  private let files: [String: [UInt8]]
  private let script: Mutex<[Answer]>
  private let seen = Mutex<[Request]>([])

  /// - Parameters:
  ///   - files: the bodies by path, such as `/a/file.gz`.
  ///   - script: one answer for each request in turn; `.file` for those after it.
  init(files: [String: [UInt8]], script: [Answer] = []) throws {
    self.files = files
    self.script = Mutex(script)
    #if os(Linux)
      socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      socket = Foundation.socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = socket
    let bound = withUnsafeMutablePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(descriptor, generic, size) == 0 && listen(descriptor, 16) == 0
          && getsockname(descriptor, generic, &size) == 0
      }
    }
    guard descriptor >= 0, bound else { throw POSIXError(.EADDRNOTAVAIL) }
    address = "http://127.0.0.1:\(UInt16(bigEndian: place.sin_port))"
    Thread.detachNewThread { [self] in serve() }
  }

  func stop() {
    shutdown(socket, Int32(SHUT_RDWR))
    close(socket)
  }

  var requests: [Request] { seen.withLock { $0 } }

  private func serve() {
    while true {
      let connection = accept(socket, nil, nil)
      guard connection >= 0 else { return }
      Thread.detachNewThread { [self] in
        answer(connection)
        close(connection)
      }
    }
  }

  private func answer(_ connection: Int32) {
    guard let request = readRequest(connection) else { return }
    seen.withLock { $0.append(request) }
    let answer = script.withLock { $0.isEmpty ? .file : $0.removeFirst() }
    guard let file = files[request.path] else { return send(connection, 404, []) }
    let start = request.rangeStart.map { min($0, file.count) } ?? 0
    let part = Array(file[start...])
    let isPart = request.rangeStart != nil
    let range = "Content-Range: bytes \(start)-\(file.count - 1)/\(file.count)"
    let status = isPart ? 206 : 200
    switch answer {
    case .file:
      if isPart, start == file.count { return send(connection, 416, []) }
      send(connection, status, part, isPart ? [range] : [])
    case .cut(let count):
      send(connection, status, part, isPart ? [range] : [], upTo: count)
    case .ignoreRange: send(connection, 200, file)
    case .shiftedRange:
      send(connection, 206, file, ["Content-Range: bytes 0-\(file.count - 1)/\(file.count)"])
    case .body(let bytes): send(connection, 200, bytes)
    case .status(let status): send(connection, status, Array("sorry".utf8))
    case .hang(let count):
      send(connection, status, part, isPart ? [range] : [], upTo: count)
      waitForHangUp(connection)
    case .silence: waitForHangUp(connection)
    case .slow(let pieces):
      write(connection, Array("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".utf8))
      for piece in 0..<pieces {
        write(
          connection,
          Array(file[(file.count * piece / pieces)..<(file.count * (piece + 1) / pieces)]))
        usleep(20_000)
      }
    }
  }

  private func readRequest(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = []
    var window = [UInt8](repeating: 0, count: 4096)
    while !String(decoding: bytes, as: UTF8.self).contains("\r\n\r\n") {
      let count = recv(connection, &window, window.count, 0)
      guard count > 0 else { return nil }
      bytes += window[..<count]
    }
    let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines[0].components(separatedBy: " ")
    guard words.count == 3, words[0] == "GET" else { return nil }
    let range = lines.first { $0.lowercased().hasPrefix("range: bytes=") }
    let encoding = lines.first { $0.lowercased().hasPrefix("accept-encoding:") }
    return Request(
      path: words[1],
      rangeStart: range.flatMap { Int($0.dropFirst(13).prefix { $0.isNumber }) },
      acceptsPacked: encoding?.contains("gzip") ?? false)
  }

  private func send(
    _ connection: Int32, _ status: Int, _ body: [UInt8], _ headers: [String] = [],
    upTo count: Int = .max
  ) {
    let head =
      ["HTTP/1.1 \(status) Status", "Content-Length: \(body.count)", "Connection: close"] + headers
    write(connection, Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8))
    write(connection, Array(body.prefix(count)))
  }

  private func write(_ connection: Int32, _ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      #if os(Linux)
        let flags = Int32(MSG_NOSIGNAL)
      #else
        let flags: Int32 = 0
      #endif
      let count = bytes.withUnsafeBytes {
        Foundation.send(connection, $0.baseAddress! + sent, bytes.count - sent, flags)
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  private func waitForHangUp(_ connection: Int32) {
    var byte: UInt8 = 0
    _ = recv(connection, &byte, 1, 0)
  }
}
