internal import ArgumentParser
internal import OuterloopDashboard
internal import OuterloopPlatform
internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// Where a dashboard listens.
struct DashboardOptions: ParsableArguments {
  /// The default port, if it is free.
  static let usualPort = 8765

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The port; 0 for any that is free. Default: \(usualPort), or any if that is taken.",
      valueName: "port"))
  var port: Int?

  @Option(
    help: ArgumentHelp(
      "The address to listen on. The default is reachable from this machine only.",
      valueName: "host"))
  var host = "127.0.0.1"

  func validate() throws {
    if let port, !(0...65_535).contains(port) {
      throw ValidationError("--port \(port) is not a port; ports go up to 65535")
    }
    if host.isEmpty { throw ValidationError("--host is empty") }
  }

  /// The defaults.
  static var usual: DashboardOptions {
    get throws { try DashboardOptions.parse([]) }
  }

  struct Running {
    var server: DashboardServer
    var token: String?
  }

  /// Starts serving a store.
  func start(_ place: StoreOptions, isReadOnly: Bool) async throws -> Running {
    let dashboard = Dashboard(
      try place.open(.read), place.environment, isReadOnly: isReadOnly)
    var address = DashboardServer.Address(host: host, port: port ?? Self.usualPort)
    let token = address.isLoopback ? nil : Self.newToken()
    do {
      return Running(
        server: try await DashboardServer(dashboard, at: address, token: token), token: token)
    } catch {
      guard port == nil, (error as? ServerError)?.isPortTaken == true else { throw error }
      address.port = 0
      return Running(
        server: try await DashboardServer(dashboard, at: address, token: token), token: token)
    }
  }

  /// 128 bits from the system's generator.
  private static func newToken() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<2).map { _ in
      let digits = String(generator.next() as UInt64, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}

extension StoreOptions {
  /// What the dashboard has to be told about this store.
  var environment: Dashboard.Environment {
    let place = self
    return Dashboard.Environment(
      storeName: name, version: Version.number, openForWriting: { try place.open(.write) },
      folders: { place.folders(of: $0) }, isGone: { WorkerName.isGone($0) },
      commandLine: { specification, trial in
        try? TrialCommand.words(of: trial, in: specification, place.folders(of: specification))
          .map { $0.map(CommandText.quoted).joined(separator: " ") }
      })
  }
}

/// The command line of a trial.
enum TrialCommand {
  /// - Returns: nil for studies without program, and persistent ones.
  static func words(
    of trial: Trial, in specification: StudySpecification, _ folders: TrialFolders
  ) throws -> [String]? {
    guard let stored = try StoredProgram.of(specification), !stored.program.isPersistent else {
      return nil
    }
    let claim = Claim(study: StudyID(rawValue: 0), trial: trial, attempt: trial.attempt)
    return try CommandTemplate(stored.program, for: specification.space).words(
      for: TrialRequest(claim, of: specification, slot: WorkerName.slot(of: trial)),
      checkpoint: folders.checkpoint(ofTrial: trial.number))
  }
}
