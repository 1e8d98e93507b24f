internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import OuterloopText
internal import Synchronization

/// A dashboard that listens.
///
/// Who may ask is checked before anything else (see `AccessPolicy`). Each connection is answered one request at a time;
/// there are bounds for headers, bodies, connections, and how long a request may take to arrive and an answer to be
/// taken.
public final class DashboardServer: Sendable {
  /// Where it listens.
  public struct Address: Sendable, Hashable {
    public var host: String
    /// 0: one that is free.
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

    /// As it stands in an address.
    fileprivate var authority: String {
      host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
  }

  /// Where it listens; the port is the one that was found.
  public let address: Address
  /// What to open: with a token, if the address needs one.
  public let link: String
  private let channel: any Channel
  private let task: Task<Void, any Error>

  /// Begins to listen.
  ///
  /// - Parameter token: what those have to know who reach it from elsewhere; needed unless the address is this
  ///   machine's own.
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
            // Those beyond the bound are closed at once.
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

  /// Ends all connections, and listens no more.
  public func stop() async {
    try? await channel.close()
    task.cancel()
    _ = try? await task.value
  }
}

/// How many connections there are.
private final class ConnectionCount: Sendable {
  private let count = Mutex(0)

  /// The number of those that are there with the new one.
  func enter() -> Int {
    count.withLock { count in
      count += 1
      return count
    }
  }

  func leave() { count.withLock { $0 -= 1 } }
}
