internal import OuterloopStudy

/// A failure between a store and its server.
enum PostgresFailure: Error {
  /// The connection was lost or could not be made.
  case lost(String)
  /// The server refused a statement: its SQLSTATE and message.
  case refused(state: String, message: String)

  /// Whether the same transaction may succeed later: it conflicted with another one.
  var isPassing: Bool {
    guard case .refused(let state, _) = self else { return false }
    // Serialization, deadlock, a lock timeout.
    return ["40001", "40P01", "55P03"].contains(state)
  }

  /// Whether the server lacks disk or memory, which somebody may give it.
  var isShortage: Bool {
    guard case .refused(let state, _) = self else { return false }
    // Insufficient resources, a full disk, no memory.
    return ["53000", "53100", "53200"].contains(state)
  }

  /// Whether the server closed the connection with it: a shutdown, a crashed server process, or an
  /// administrator's command.
  var isEnd: Bool {
    guard case .refused(let state, _) = self else { return true }
    return state.hasPrefix("57P") || state.hasPrefix("08") || state == "25P03"
  }

  var message: String {
    switch self {
    case .lost(let message), .refused(_, let message): message
    }
  }

  /// As an error with a remedy.
  func explained(_ address: PostgresAddress) -> StudyError {
    switch self {
    case .lost(let message): Self.unreachable(message, address)
    case .refused(let state, let message): Self.refusal(state, message, address)
    }
  }

  private static func refusal(
    _ state: String, _ message: String, _ address: PostgresAddress
  ) -> StudyError {
    let said = address.redact(in: message)
    return switch state.prefix(2) {
    case "53":
      StudyError(
        "the server of the store \(address) has run out of something: \(said)",
        "give it more disk, memory or connections and resume; what was written down is safe")
    case "42" where state == "42501", "25" where state == "25006":
      StudyError(
        "the store \(address) may not be written to: \(said)",
        "let its owner GRANT you USAGE on the schema `outerloop` and all rights on its tables")
    case "55", "57", "40":
      StudyError(
        "the store \(address) is held by another process: \(said)",
        "wait for it, or end it, and try again")
    case "XX":
      StudyError("the store \(address) is damaged: \(said)", "go back to a backup of the database")
    default:
      StudyError(
        "the store \(address) answered: \(said) (\(state))", "look at the database with `psql`")
    }
  }

  /// libpq gives the reason for a failed connection only as text.
  private static func unreachable(_ message: String, _ address: PostgresAddress) -> StudyError {
    let said = address.redact(in: message)
    func says(_ parts: String...) -> Bool { parts.contains { said.contains($0) } }
    let remedy =
      if says("password authentication failed") {
        "check the user and the password: PGPASSWORD, or the line of ~/.pgpass"
      } else if says("no password supplied") {
        "give the password in PGPASSWORD or ~/.pgpass (HOST:PORT:DATABASE:USER:PASSWORD, mode 600)"
      } else if says("no encryption") {
        "let the server's pg_hba.conf accept this user from this machine; if it asks for encryption, "
          + "add sslmode=require to the URL"
      } else if says("no pg_hba.conf entry", "Ident authentication", "Peer authentication") {
        "let the server's pg_hba.conf accept this user from this machine"
      } else if says("database \"") {
        "create it (`createdb NAME`), or name another one"
      } else if says("role \"") {
        "create it (`createuser NAME`), or name another user"
      } else if says("could not translate host name") {
        "check the name of the host"
      } else if says("too many clients", "remaining connection slots", "too many connections") {
        "raise `max_connections` of the server, or run fewer workers: each has up to three connections"
      } else if says("does not match host name") {
        "name the host as its certificate does, or check only who signed it (sslmode=verify-ca)"
      } else if says("root certificate file") {
        "give the certificate of the authority that signed the server's: sslrootcert=FILE in the URL, "
          + "or ~/.postgresql/root.crt (sslrootcert=system needs libpq 16)"
      } else if says("certificate verify failed") {
        "sslrootcert has to name the certificate of the authority that signed the server's; another "
          + "one may mean another server"
      } else if says("does not support SSL") {
        "switch encryption on (`ssl = on` in the server's postgresql.conf), or do without it: "
          + "sslmode=prefer"
      } else if says("SSL", "certificate") {
        "check sslmode, sslrootcert, sslcert and sslkey of the URL"
      } else {
        "check that the server runs and that the host and port are its own (`pg_isready -d \(address)`)"
      }
    return StudyError("the store \(address) cannot be reached: \(said)", remedy)
  }
}
