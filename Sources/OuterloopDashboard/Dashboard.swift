internal import OuterloopCharts
public import OuterloopRunner
public import OuterloopStudy
internal import OuterloopText

/// A store over HTTP: an API of JSON, server-sent events and pictures, and pages that use nothing else.
///
///     let dashboard = Dashboard(store, environment, options)
///     let server = try await dashboard.serve()
///
/// Reading goes through one connection that never writes and holds no transaction between requests, so that
/// viewers do not affect running studies. Changes to a study go through the store, as from any other process.
public struct Dashboard: Sendable {
  /// What the dashboard has to be told about the store.
  public struct Environment: Sendable {
    /// The display name of the store.
    public var storeName: String
    /// The version of the command.
    public var version: String
    /// A connection that may change studies.
    public var openForWriting: @Sendable () throws -> any StudyStore
    /// Where the files of a study's trials are.
    public var folders: @Sendable (StudySpecification) -> TrialFolders
    /// Whether a worker was a process of this machine that has exited.
    public var isGone: @Sendable (_ worker: String) -> Bool
    /// The command line of a trial, for a shell; nil where there is none.
    public var commandLine: @Sendable (StudySpecification, Trial) -> String?

    public init(
      storeName: String, version: String,
      openForWriting: @escaping @Sendable () throws -> any StudyStore,
      folders: @escaping @Sendable (StudySpecification) -> TrialFolders,
      isGone: @escaping @Sendable (String) -> Bool,
      commandLine: @escaping @Sendable (StudySpecification, Trial) -> String?
    ) {
      self.storeName = storeName
      self.version = version
      self.openForWriting = openForWriting
      self.folders = folders
      self.isGone = isGone
      self.commandLine = commandLine
    }
  }

  let environment: Environment
  let studies: FollowedStudies
  let isReadOnly: Bool

  /// - Parameter store: the store to read; may be open for reading only.
  public init(_ store: any StudyStore, _ environment: Environment, isReadOnly: Bool = false) {
    self.environment = environment
    self.isReadOnly = isReadOnly
    studies = FollowedStudies(store, isGone: environment.isGone)
  }

  /// Reads the newest study, which is likely to be opened, before it is requested.
  func prepare() async {
    guard let newest = try? await studies.store.studies().last else { return }
    _ = try? await studies.study(newest.rawValue)
  }

  var router: Router {
    Router(
      routes: storeRoutes + studyRoutes + trialRoutes + fileRoutes + pictureRoutes + actionRoutes
        + eventRoutes + pageRoutes)
  }
}
