internal import OuterloopPlatform
internal import OuterloopPostgres
internal import OuterloopStore
internal import OuterloopStudy

/// Where a store is: the only code that distinguishes a server from a file.
enum StoreLocation {
  case file(String)
  case server(PostgresAddress)

  /// - Throws: `StudyError` for a URL of an unsupported kind.
  init(_ text: String) throws {
    if let address = PostgresAddress(text) {
      self = .server(address)
      return
    }
    guard let scheme = Self.scheme(of: text) else {
      self = .file(text)
      return
    }
    throw StudyError(
      "\(scheme):// is no store: `\(PostgresAddress.withoutPasswords(text))`",
      scheme == "sqlite" || scheme == "file"
        ? "name the file by its path, as runs.db"
        : "name a file, or a database of PostgreSQL: postgres://USER@HOST/DATABASE")
  }

  /// `mysql` for `mysql://host`; nil for a file.
  private static func scheme(of text: String) -> Substring? {
    guard let mark = text.firstRange(of: "://") else { return nil }
    let scheme = text[..<mark.lowerBound]
    let isName = scheme.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || Array("+-.".utf8).contains(byte)
    }
    return isName && scheme.first?.isLetter == true ? scheme : nil
  }

  func open(_ access: StoreAccess) throws -> any RestoringStore {
    switch self {
    case .file(let path): try SQLiteStore(path, access)
    case .server(let address): try PostgresStore(address, access, onOutage: Self.say)
    }
  }

  private static func say(_ outage: PostgresOutage) {
    switch outage {
    case .began(let error, let patience):
      Terminal.sayOverProgress(
        "waiting for up to \(Progress.time(patience)): \(error.what)\nhint: \(error.remedy)")
    case .ended(let seconds):
      Terminal.sayOverProgress("the store answers again, after \(Progress.lapse(seconds))")
    }
  }

  /// The folder for the files of all studies' trials: beside a file, `outerloop.trials` for `outerloop.db`.
  /// A server has no folder: OUTERLOOP_TRIALS names it; otherwise it is `DATABASE.trials` in the folder in
  /// which the study was created, where workers that share a file system find it too.
  ///
  /// - Parameter home: the folder in which the study was created; nil: unknown.
  func trials(from home: @autoclosure () -> String?) -> String {
    switch self {
    case .file(let path):
      return (path.hasSuffix(".db") ? String(path.dropLast(3)) : path) + ".trials"
    case .server(let address):
      let named = CLibrary.environment("OUTERLOOP_TRIALS") ?? ""
      guard named.isEmpty else { return named }
      return (home().map { $0 + "/" } ?? "") + address.database.replacing("/", with: "%2F")
        + ".trials"
    }
  }
}
