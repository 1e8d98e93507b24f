import Foundation
import Synchronization

/// A port of this machine that nobody has.
enum FreePort {
  static func find() throws -> Int {
    let (file, port) = try LocalSocket.listen()
    close(file)
    return port
  }
}

/// Sockets of this machine's own network.
enum LocalSocket {
  private static func address(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  private static func with<T>(
    _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> T
  ) -> T {
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &size) }
    }
  }

  /// A connection that is gone is an error, not the end of the process.
  #if canImport(Darwin)
    static let noSignal: Int32 = 0
  #else
    static let noSignal = Int32(MSG_NOSIGNAL)
  #endif

  private static func make() -> Int32 {
    #if canImport(Darwin)
      let file = socket(AF_INET, SOCK_STREAM, 0)
    #else
      let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    _ = fcntl(file, F_SETFD, FD_CLOEXEC)
    return file
  }

  static func listen(on port: Int = 0) throws -> (file: Int32, port: Int) {
    let file = make()
    var yes: Int32 = 1
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = address(port)
    guard with(&address, { bind(file, $0, $1) }) == 0, Foundation.listen(file, 64) == 0,
      with(&address, { getsockname(file, $0, &$1) }) == 0
    else {
      close(file)
      throw ServerTrouble("no port to listen on: \(String(cString: strerror(errno)))")
    }
    return (file, Int(address.sin_port.bigEndian))
  }

  /// -1: nobody listens.
  static func connect(to port: Int) -> Int32 {
    let file = make()
    var address = address(port)
    guard with(&address, { Foundation.connect(file, $0, $1) }) == 0 else {
      close(file)
      return -1
    }
    return file
  }
}

/// A network between a client and a server of this machine, which a test cuts where it likes.
public final class TCPProxy: Sendable {
  public enum Direction: Sendable { case toServer, toClient }

  /// What becomes of bytes on their way.
  public enum Fate: Sendable {
    case pass
    /// They are lost, and so is the connection.
    case cut
    /// They arrive, and then the connection is lost.
    case passAndCut
  }

  private struct State {
    var listener: Int32 = -1
    var isDown = false
    var isClosed = false
    var connections = 0
  }

  public let port: Int
  private let target: Int
  private let judge: @Sendable (Direction, [UInt8]) -> Fate
  private let state = Mutex(State())

  /// Listens, and hands on to the port `target`.
  ///
  /// - Parameter judge: asked of every piece that comes; of several connections at the same time.
  public init(
    to target: Int, _ judge: @escaping @Sendable (Direction, [UInt8]) -> Fate = { _, _ in .pass }
  ) throws {
    let (listener, port) = try LocalSocket.listen()
    self.port = port
    self.target = target
    self.judge = judge
    state.withLock { $0.listener = listener }
    let proxy: @Sendable () -> TCPProxy? = { [weak self] in self }
    Thread.detachNewThread { Self.accept(listener, proxy) }
  }

  deinit { close(state.withLock { $0.listener }) }

  /// How many connections there have been.
  public var connections: Int { state.withLock(\.connections) }

  /// Takes the network down: connections are lost, and new ones are refused until it is up again.
  public var isDown: Bool {
    get { state.withLock(\.isDown) }
    set { state.withLock { $0.isDown = newValue } }
  }

  private static func accept(_ listener: Int32, _ proxy: @escaping @Sendable () -> TCPProxy?) {
    while true {
      var wanted = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
      guard poll(&wanted, 1, 100) >= 0, let found = proxy() else { return }
      guard wanted.revents & Int16(POLLIN) != 0 else { continue }
      let client = Foundation.accept(listener, nil, nil)
      guard client >= 0 else { continue }
      _ = fcntl(client, F_SETFD, FD_CLOEXEC)
      let server = found.isDown ? -1 : LocalSocket.connect(to: found.target)
      guard server >= 0 else {
        close(client)
        continue
      }
      found.state.withLock { $0.connections += 1 }
      Thread.detachNewThread { carry(client, server, proxy) }
    }
  }

  private static func carry(_ client: Int32, _ server: Int32, _ proxy: @Sendable () -> TCPProxy?) {
    defer {
      close(client)
      close(server)
    }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while let found = proxy(), !found.isDown {
      var files = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      guard poll(&files, 2, 50) >= 0 else { return }
      for (place, file) in files.enumerated() where file.revents != 0 {
        let count = read(file.fd, &buffer, buffer.count)
        guard count > 0 else { return }
        let bytes = Array(buffer[..<count])
        let fate = found.judge(place == 0 ? .toServer : .toClient, bytes)
        if case .cut = fate { return }
        var sent = 0
        while sent < count {
          let step = bytes[sent...].withUnsafeBytes {
            send(place == 0 ? server : client, $0.baseAddress, $0.count, LocalSocket.noSignal)
          }
          guard step > 0 else { return }
          sent += step
        }
        if case .passAndCut = fate { return }
      }
    }
  }
}
