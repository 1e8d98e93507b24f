import Foundation

/// A server of PostgreSQL for tests: in a folder of its own, on a Unix socket there and a port of this machine, gone with
/// the process that started it.
///
/// Its programs are those of OUTERLOOP_PG_BIN, of the path, or of Debian's package. It does not run as root: where the
/// tests do, the server runs as the user `postgres`, or as nobody.
public final class PostgresServer: Sendable {
  /// The one that tests share; nil where none is installed, and `missing` says why.
  public static let shared: PostgresServer? = try? PostgresServer()

  /// Why there is no server, for the tests that are skipped then; nil: there is one.
  public static let missing: String? =
    programs == nil
    ? "PostgreSQL is not installed: apt-get install postgresql, or name its programs by OUTERLOOP_PG_BIN"
    : nil

  public static let user = "outerloop"
  public static let password = "pass:w@rd/%"

  public let port: Int
  private let folder: String
  private let bin: String
  /// The input of a process that ends the server when it comes to its end, as it does with this process.
  private let lifeline: FileHandle

  private var data: String { folder + "/data" }

  /// The folder with `postgres` and `initdb`.
  static let programs: String? = {
    let environment = ProcessInfo.processInfo.environment
    let debian = "/usr/lib/postgresql"
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []
    let newest = versions.sorted { (Double($0) ?? 0) > (Double($1) ?? 0) }
    let places =
      [environment["OUTERLOOP_PG_BIN"]].compactMap(\.self)
      + (environment["PATH"] ?? "").split(separator: ":").map(String.init)
      + newest.map { "\(debian)/\($0)/bin" }
    return places.first { place in
      ["initdb", "postgres", "pg_ctl", "psql"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "\(place)/\($0)")
      }
    }
  }()

  /// A new server, with settings as in `postgresql.conf`.
  public init(_ settings: [String: String] = [:]) throws {
    guard let bin = Self.programs else { throw ServerTrouble(Self.missing ?? "") }
    self.bin = bin
    var template = Array("/tmp/outerloop-pg-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw ServerTrouble("no temporary folder") }
    folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    port = try FreePort.find()
    let reaper = Process()
    let input = Pipe()
    lifeline = input.fileHandleForWriting
    // No other process that this one starts may hold it open.
    _ = fcntl(lifeline.fileDescriptor, F_SETFD, FD_CLOEXEC)
    reaper.executableURL = URL(fileURLWithPath: "/bin/sh")
    reaper.arguments = [
      "-c",
      """
      trap '' INT TERM HUP
      cat >/dev/null
      kill -QUIT "$(head -1 "$0/data/postmaster.pid")" 2>/dev/null
      for i in 1 2 3 4 5 6 7 8 9 10; do
        [ -e "$0/data/postmaster.pid" ] || break
        sleep 0.2
      done
      rm -rf "$0"
      """, folder,
    ]
    reaper.standardInput = input
    try reaper.run()
    if geteuid() == 0, chown(folder, Self.account.0, Self.account.1) != 0 {
      throw ServerTrouble("\(folder) cannot be given away")
    }
    let secret = folder + "/password"
    try Data(Self.password.utf8).write(to: URL(fileURLWithPath: secret))
    if geteuid() == 0 { _ = chown(secret, Self.account.0, Self.account.1) }
    try run(
      "initdb",
      [
        "-D", data, "-U", Self.user, "--pwfile", secret, "--auth-local=trust",
        "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync",
      ])
    let all = [
      "listen_addresses": "'127.0.0.1'", "port": "\(port)",
      "unix_socket_directories": "'\(folder)'", "fsync": "off", "max_connections": "100",
      "shared_buffers": "'32MB'",
    ].merging(settings) { $1 }
    let lines = all.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)\n" }.joined()
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: data + "/postgresql.conf"))
    try file.seekToEnd()
    try file.write(contentsOf: Data(lines.utf8))
    try file.close()
    try start()
  }

  deinit { try? lifeline.close() }

  /// Who the server runs as where the tests are root.
  private static let account: (uid_t, gid_t) =
    getpwnam("postgres").map { ($0.pointee.pw_uid, $0.pointee.pw_gid) } ?? (65534, 65534)

  // MARK: Its life

  /// Starts it, and waits until it answers.
  public func start() throws {
    var last = ServerTrouble("the server does not start")
    // What a killed one has left behind is in use for a moment.
    for _ in 0..<50 {
      do {
        return try run("pg_ctl", ["start", "-w", "-s", "-D", data, "-l", folder + "/log"])
      } catch let trouble as ServerTrouble { last = trouble }
      usleep(100_000)
    }
    throw last
  }

  /// Ends it as its administrator does, who does not wait for clients.
  public func stop() throws { try run("pg_ctl", ["stop", "-m", "fast", "-w", "-s", "-D", data]) }

  /// Ends it as a loss of power would, as far as the machine's own memory goes.
  public func kill() throws {
    let text = try String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8)
    guard let pid = text.split(separator: "\n").first.flatMap({ pid_t($0) }) else {
      throw ServerTrouble("no process is named")
    }
    Foundation.kill(pid, SIGKILL)
  }

  /// Runs one of its programs, as its user.
  private func run(_ name: String, _ arguments: [String]) throws {
    let words = ["\(bin)/\(name)"] + arguments
    let (uid, gid) = Self.account
    let user =
      geteuid() == 0
      ? ["setpriv", "--reuid=\(uid)", "--regid=\(gid)", "--clear-groups", "--"] : []
    // A process is taken to run for as long as a descendant holds what it was given: the server does not.
    let closing = """
      for file in /dev/fd/*; do n=${file##*/}; [ "$n" -le 2 ] || eval "exec $n>&-" 2>/dev/null; done
      exec "$@"
      """
    try Self.run(["bash", "-c", closing, "bash"] + user + words)
  }

  @discardableResult
  static func run(_ words: [String], environment: [String: String] = [:]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.currentDirectoryURL = URL(fileURLWithPath: "/")
    process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PG") }
      .merging(environment) { $1 }
    // A server that is started keeps them: a file, not a pipe that would not end.
    let name = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try Data().write(to: name)
    defer { try? FileManager.default.removeItem(at: name) }
    let output = try FileHandle(forWritingTo: name)
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let said = (try? String(contentsOf: name, encoding: .utf8)) ?? ""
    guard process.terminationStatus == 0 else {
      throw ServerTrouble("\(words.joined(separator: " ")): \(said)")
    }
    return said
  }

  // MARK: Its databases

  /// What `psql` prints about a statement, without its frame.
  @discardableResult
  public func query(_ sql: String, in database: String = "postgres") throws -> String {
    let said = try Self.run([
      "\(bin)/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", folder, "-p", "\(port)",
      "-U", Self.user, "-d", database, "-c", sql,
    ])
    return said.split(separator: "\n").joined(separator: "\n")
  }

  /// The folder with the server's socket.
  public var socketFolder: String { folder }

  /// The programs of PostgreSQL.
  public var programs: String { bin }

  /// A database by its name, over the socket, where no password is asked for.
  public func url(_ database: String) -> String {
    "postgres:///\(database)?host=\(folder)&port=\(port)&user=\(Self.user)"
  }

  /// The same over the network, with the password if there is to be one.
  public func networkURL(
    _ database: String, port: Int? = nil, password: String? = escapedPassword
  ) -> String {
    let user = password.map { "\(Self.user):\($0)" } ?? Self.user
    return "postgres://\(user)@127.0.0.1:\(port ?? self.port)/\(database)"
  }

  public static let escapedPassword = "pass%3Aw%40rd%2F%25"
}

/// A database of a server, gone with the last reference to it.
public final class PostgresDatabase: Sendable {
  public let server: PostgresServer
  public let name: String

  public init(_ server: PostgresServer) throws {
    self.server = server
    name = "t" + UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased()
    try server.query("CREATE DATABASE \(name)")
  }

  deinit { _ = try? server.query("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }

  public var url: String { server.url(name) }
}

public struct ServerTrouble: Error, CustomStringConvertible {
  public var description: String
  init(_ description: String) { self.description = description }
}
