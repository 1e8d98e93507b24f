import Foundation
import OuterloopPostgres
import OuterloopStudy
import PostgresServer
import Testing

/// Encrypted connections: with a certificate that was checked, or not at all.
@Suite(
  .serialized, .enabled(if: PostgresServer.missing == nil, "\(PostgresServer.missing ?? "")"),
  .enabled(if: CrashTests.run("openssl", ["version"]) == 0, "openssl is not installed"))
struct PostgresEncryptionTests {
  private let folder = Folder()
  private let server: PostgresServer

  /// A server whose certificate, for the name `localhost`, an authority of its own has signed.
  init() throws {
    let there = folder
    func openssl(_ words: String) {
      #expect(CrashTests.run("openssl", words.split(separator: " ").map(String.init)) == 0)
    }
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    for authority in ["ours", "other"] {
      openssl(
        "req -x509 \(key) -days 2 -subj /CN=\(authority) -keyout \(there["\(authority).key"]) "
          + "-out \(there["\(authority).crt"])")
    }
    openssl(
      "req \(key) -subj /CN=localhost -keyout \(there["server.key"]) -out \(there["server.csr"])")
    openssl(
      "x509 -req -in \(there["server.csr"]) -CA \(there["ours.crt"]) -CAkey \(there["ours.key"]) "
        + "-CAcreateserial -days 2 -out \(there["server.crt"])")
    try server = PostgresServer()
    // Its own, as its folder is.
    for name in ["server.key", "server.crt"] {
      let copy = server.socketFolder + "/" + name
      try FileManager.default.copyItem(atPath: there[name], toPath: copy)
      #expect(CrashTests.run("chmod", ["600", copy]) == 0)
      #expect(CrashTests.run("chown", ["--reference=\(server.socketFolder)", copy]) == 0)
    }
    try server.query("ALTER SYSTEM SET ssl_cert_file = '\(server.socketFolder)/server.crt'")
    try server.query("ALTER SYSTEM SET ssl_key_file = '\(server.socketFolder)/server.key'")
  }

  private func encrypt() throws {
    try server.query("ALTER SYSTEM SET ssl = on")
    try server.query("SELECT pg_reload_conf()")
    usleep(300_000)
  }

  private func url(_ host: String, _ options: String) -> String {
    server.networkURL("postgres").replacingOccurrences(of: "127.0.0.1", with: host) + "?" + options
  }

  private func refusal(_ url: String) throws -> StudyError {
    let address = try #require(PostgresAddress(url))
    let error = #expect(throws: StudyError.self) { _ = try PostgresStore(address, .create) }
    let said = try #require(error)
    for secret in [PostgresServer.password, PostgresServer.escapedPassword] {
      #expect(!said.what.contains(secret) && !said.remedy.contains(secret), "\(said)")
    }
    return said
  }

  private func expect(_ url: String, _ what: String, _ remedy: String) throws {
    let error = try refusal(url)
    #expect(error.what.contains(what), "\(error.what)")
    #expect(error.remedy.contains(remedy), "\(error.remedy)")
  }

  @Test func certificates() async throws {
    try expect(url("localhost", "sslmode=require"), "does not support SSL", "ssl = on")
    try encrypt()
    let (ours, other) = (folder["ours.crt"], folder["other.crt"])
    for options in ["sslmode=require", "sslmode=verify-full&sslrootcert=\(ours)"] {
      let store = try PostgresStore(
        try #require(PostgresAddress(url("localhost", options))), .create)
      #expect(try await store.studies().isEmpty)
      let encrypted = try server.query(
        "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
          + "WHERE application_name = 'outerloop'")
      #expect(encrypted == "t")
    }
    try expect(
      url("localhost", "sslmode=verify-full&sslrootcert=\(other)"), "certificate verify failed",
      "sslrootcert has to name the certificate of the authority")
    try expect(
      url("127.0.0.1", "sslmode=verify-full&sslrootcert=\(ours)"), "does not match host name",
      "name the host as its certificate does")
    try expect(
      url("localhost", "sslmode=verify-full&sslrootcert=\(folder["none.crt"])"),
      "root certificate file", "sslrootcert=FILE")
    // A server that wants all to be encrypted.
    let rules = server.socketFolder + "/data/pg_hba.conf"
    let text = try String(contentsOfFile: rules, encoding: .utf8)
      .replacingOccurrences(of: "\nhost ", with: "\nhostssl ")
    try Data(text.utf8).write(to: URL(fileURLWithPath: rules))
    #expect(CrashTests.run("chown", ["--reference=\(server.socketFolder)", rules]) == 0)
    try server.query("SELECT pg_reload_conf()")
    usleep(300_000)
    try expect(url("127.0.0.1", "sslmode=disable"), "no encryption", "sslmode=require")
  }
}
