internal import GRDB
internal import OuterloopStudy
internal import OuterloopText

/// What SQLite says, as an error that names the store and the remedy. Other errors stay as they are.
func storeError(_ error: any Error, _ path: String) -> any Error {
  if error is JSONReader.Failure {
    return StudyError(
      "the store `\(path)` holds something that cannot be read: it is damaged", salvage(path))
  }
  guard let error = error as? DatabaseError else { return error }
  switch error.resultCode {
  case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL:
    return StudyError(
      "the store `\(path)` is locked by another process", "wait for it, or stop it, and try again")
  case .SQLITE_FULL:
    return StudyError(
      "the disk that holds the store `\(path)` is full",
      "free some space and resume; what was written down before is safe")
  case .SQLITE_IOERR:
    return StudyError(
      "the store `\(path)` cannot be read or written (\(error.extendedResultCode.rawValue))",
      "look at its disk and the space on it, and resume; what was written down before is safe")
  case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT:
    return StudyError("the store `\(path)` is damaged", salvage(path))
  case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
    return StudyError(
      "the store `\(path)` may not be written to", "check the rights of the file and its folder")
  case .SQLITE_CANTOPEN:
    return StudyError(
      "the store `\(path)` cannot be opened", "check the rights of the file and its folder")
  default:
    return StudyError(
      "the store `\(path)` answered: \(error.message ?? "error") (\(error.extendedResultCode.rawValue))",
      "look at the file with `sqlite3`")
  }
}

private func salvage(_ path: String) -> String {
  "go back to a copy, or save what is left by `sqlite3 '\(path)' .recover`"
}
