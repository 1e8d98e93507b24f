internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import OuterloopText
internal import Synchronization

/// A running dashboard server.
///
/// Access is checked before anything else (see `AccessPolicy`). Each connection is answered one request at a time;
/// there are limits on headers, bodies, connections, and on the time to receive a request and to send a response.
public final class DashboardServer: Sendable {
  /// Where it listens.
  public struct Address: Sendable, Hashable {
    public var host: String
    /// 0: any free port.
    public var port: Int

    public init(host: String = "127.0.0.1", port: Int = 0) {
      self.host = host
      self.port = port
    }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool {
      host == "localhost" || host == "::1"
        || host.hasPrefix("127.") && host.split(separator: ".").count == 4
    }

    /// As in a URL.
    fileprivate var authority: String {
      host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
  }

  /// Where it listens, with the actual port.
  public let address: Address
  /// The URL to open: with a token, if the address needs one.
  public let link: String
  private let channel: any Channel
  private let task: Task<Void, any Error>

  /// Starts listening.
  ///
  /// - Parameter token: the secret for clients on other machines; required unless the address is a loopback
  ///   address.
  /// - Throws: `ServerError` if the port is taken, the host is not this machine's, or a token is missing.
  public convenience init(
    _ dashboard: Dashboard, at address: Address, token: String?
  ) async throws {
    try await self.init(dashboard, at: address, token: token, limits: Limits())
  }

  init(_ dashboard: Dashboard, at address: Address, token: String?, limits: Limits) async throws {
    guard address.isLoopback || token != nil else {
      throw ServerError(
        "others can reach \(address.host), and there is no token", "set one, or listen on 127.0.0.1"
      )
    }
    let listener: NIOAsyncChannel<Connection.Channel, Never>
    do {
      listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .serverChannelOption(.backlog, value: 128)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .bind(host: address.host, port: address.port) { channel in
          channel.eventLoop.makeCompletedFuture { try Connection.wrap(channel, limits) }
        }
    } catch let error as IOError where error.errnoCode == EADDRINUSE {
      throw ServerError(
        "port \(address.port) is taken", "name another one by --port, or leave it out",
        isPortTaken: true)
    } catch let error as IOError where error.errnoCode == EACCES {
      throw ServerError("port \(address.port) may not be listened on", "name one above 1023")
    } catch {
      throw ServerError(
        "`\(address.host)` cannot be listened on: \(error)", "name this machine's own address")
    }
    var found = address
    found.port = listener.channel.localAddress?.port ?? address.port
    self.address = found
    link = "http://\(found.authority)/" + (token.map { "?token=\($0)" } ?? "")
    channel = listener.channel
    let names = Set(
      [
        found.authority, "localhost:\(found.port)", "127.0.0.1:\(found.port)",
        "[::1]:\(found.port)",
      ]
      .map { $0.lowercased() })
    let policy = AccessPolicy(
      hosts: token == nil ? names : nil, token: token, isReadOnly: dashboard.isReadOnly)
    let handler = RequestHandler(policy: policy, router: dashboard.router)
    task = Task { try await Self.serve(listener, handler, limits) }
    Task { await dashboard.prepare() }
  }

  private static func serve(
    _ listener: NIOAsyncChannel<Connection.Channel, Never>, _ handler: RequestHandler,
    _ limits: Limits
  ) async throws {
    let open = ConnectionCount()
    try await withThrowingDiscardingTaskGroup { group in
      try await listener.executeThenClose { connections in
        for try await channel in connections {
          let place = open.enter()
          group.addTask {
            // Connections beyond the limit are closed at once.
            if place <= limits.connections {
              await Connection(channel, limits).run(handler)
            } else {
              try? await channel.channel.close()
            }
            open.leave()
          }
        }
      }
    }
  }

  /// Waits until it is stopped.
  public func wait() async { _ = try? await task.value }

  /// Closes all connections and stops listening.
  public func stop() async {
    try? await channel.close()
    task.cancel()
    _ = try? await task.value
  }
}

/// How many connections there are.
private final class ConnectionCount: Sendable {
  private let count = Mutex(0)

  /// The number of connections, including the new one.
  func enter() -> Int {
    count.withLock { count in
      count += 1
      return count
    }
  }

  func leave() { count.withLock { $0 -= 1 } }
}
