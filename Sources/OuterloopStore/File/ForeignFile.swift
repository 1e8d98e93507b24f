internal import GRDB
internal import OuterloopPlatform
internal import OuterloopStudy
internal import OuterloopText

/// A file of another program that should be an SQLite database: determines what it is if it is not
/// one.
struct ForeignFile {
  let path: String

  /// - Throws: `StudyError` that says what the file is, and what to do.
  func check() throws {
    var found = stat()
    guard stat(path, &found) == 0 else {
      throw errno == ENOENT
        ? StudyError("there is no file `\(path)`", "check the name")
        : StudyError(
          "`\(path)` cannot be reached: \(String(cString: strerror(errno)))", "check the path")
    }
    switch found.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR:
      throw StudyError("`\(path)` is a folder, not a file of Optuna", "name a file in it")
    default: throw StudyError("`\(path)` is not an ordinary file", "copy what it holds into one")
    }
    guard found.st_size > 0 else {
      throw StudyError("`\(path)` is empty, not a file of Optuna", "name another file")
    }
    guard access(path, R_OK) == 0 else {
      throw StudyError("`\(path)` may not be read", "ask its owner for the right to")
    }
    let header: FileHeader
    do { header = try FileHeader(path: path) } catch {
      throw error == .foreign
        ? kind() : StudyError("`\(path)` cannot be read", "look at the file and its disk")
    }
    guard header.applicationID != Schema.applicationID else {
      throw StudyError(
        "`\(path)` is a store of Outerloop, not a file of Optuna",
        "its studies can be used as they are: --store '\(path)'")
    }
  }

  /// What a file that is not an SQLite database is.
  private func kind() -> StudyError {
    let start = (try? FileHeader.bytes(path: path, limit: 4096)) ?? []
    let text = String(decoding: start, as: UTF8.self)
    if text.hasPrefix("{\"op_code\"") {
      return StudyError(
        "`\(path)` is a journal of Optuna, not one of its databases of SQLite",
        "copy the study into one with `optuna.copy_study`, and import that")
    }
    let isText = !start.contains(0) && !text.unicodeScalars.dropLast(1).contains("\u{FFFD}")
    let what =
      text.drop(while: \.isWhitespace).first.map { "{[".contains($0) } == true
      ? "JSON" : isText ? "text" : "no database of SQLite"
    return StudyError(
      "`\(path)` is \(what), not a file of Optuna", "name the SQLite file of a study of Optuna")
  }

  /// Translates errors of SQLite while the file is read. Other errors stay as they are.
  func error(_ error: any Error) -> any Error {
    if error is JSONReader.Failure {
      return StudyError(
        "`\(path)` is a database of Optuna, but holds something that Optuna does not write",
        "import another study")
    }
    guard let error = error as? DatabaseError else { return error }
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL:
      return StudyError(
        "`\(path)` is locked by another process", "wait for it, or stop it, and try again")
    case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT:
      return StudyError(
        "`\(path)` is a database of SQLite that is damaged: \(error.message ?? "")",
        "save what is left by `sqlite3 '\(path)' .recover`, and import that")
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY:
      return StudyError(
        "`\(path)` cannot be opened", "check the rights of the file and its folder")
    default:
      return StudyError(
        "`\(path)` cannot be read: \(error.message ?? "error") (\(error.extendedResultCode.rawValue))",
        "look at the file with `sqlite3`")
    }
  }
}
