import Foundation
import OuterloopPostgres
import PostgresServer
import Testing

/// Commands on a store on a server.
@Suite(
  .serialized, .enabled(if: PostgresServer.missing == nil, "\(PostgresServer.missing ?? "")"))
struct PostgresCommandTests {
  private let tool = Tool()
  private let database: PostgresDatabase
  /// With a password.
  private let url: String

  init() throws {
    let server = try #require(PostgresServer.shared)
    database = try PostgresDatabase(server)
    url = server.networkURL(database.name)
  }

  private var environment: [String: String] { ["OUTERLOOP_STORE": url] }

  private static let objective = ["--param", "x=float(0, 1)", "--minimize", "loss", "--seed", "1"]

  private func check(_ ending: Tool.Ending, _ status: Int32 = 0) {
    #expect(ending.status == status, "\(ending.err)")
    for secret in [PostgresServer.password, PostgresServer.escapedPassword] {
      #expect(!ending.out.contains(secret) && !ending.err.contains(secret), "\(ending.err)")
    }
  }

  @discardableResult
  private func run(_ words: [String], status: Int32 = 0) throws -> Tool.Ending {
    let ending = try tool.run(words, environment: environment)
    check(ending, status)
    return ending
  }

  /// What is done with a file can be done with a server, and no password is shown on the way.
  @Test func everyCommand() throws {
    let shell = #"echo "{\"loss\": $1}""#
    let tune =
      ["tune"] + Self.objective
      + ["--trials", "3", "--parallel", "2", "--no-progress", "--", "sh", "-c", shell, "sh", "{x}"]
    let tuned = try run(tune + [])
    #expect(tuned.err.contains("postgres://outerloop@127.0.0.1"))
    // Said again it is there already.
    #expect(try run(tune, status: 1).err.contains("has a study `study` already"))
    try run(["resume", "--trials", "4"])
    try run(["add", "x=0.25"])
    try run(["hint", "x=0.3±0.1"])
    try run(["resume", "--trials", "5"])
    #expect(try run(["studies", "--json"]).list.count == 1)
    let best = try run(["best", "--json"]).object
    #expect(
      best["store"] as? String
        == "postgres://outerloop@127.0.0.1:\(database.server.port)/\(database.name)")
    for words in [
      ["trials"], ["trials", "--trial", "0"], ["importance"], ["log", "--trial", "0"], ["plot"],
      ["watch", "--once"], ["export", "--format", "json"],
      ["export", "--format", "optuna", "--out", "o.db"],
      ["export", "--format", "results", "--out", "results"], ["report", "--out", "r.html"],
      ["pause"], ["pause", "--off"], ["extend", "--param", "x=float(0, 2)"], ["studies"],
      ["worker", "--no-progress"],
    ] {
      try run(words)
    }
    try run(["import", "o.db", "--name", "imported"])
    // Trials' files are beside the program, under the name of the database.
    #expect(tool.has("\(database.name).trials/study/0/log.txt"))
    try run(["ask", "--study", "asked"] + Self.objective)
    let asked = try run(["ask", "--study", "asked", "--json"]).object
    let trial = try #require(asked["number"] as? Int)
    try run(["tell", "--study", "asked", "--trial", "\(trial)", "loss=0.5"])
    for words in [
      ["launch", "slurm", "--study", "study", "--dry-run"],
      ["launch", "ray", "--study", "study", "--dry-run"],
      ["launch", "kubernetes", "--study", "study", "--image", "train:1", "--dry-run"],
    ] {
      #expect(!(try run(words)).out.contains("--store"))
    }
    // An error names the store.
    #expect(
      try run(["best", "--study", "none"], status: 1).err.contains("postgres://outerloop@127.0.0.1")
    )
    try run(["delete", "--study", "asked", "--yes"])
    #expect(try run(["studies", "--json"]).list.count == 2)
  }

  /// A worker whose server is away says why it waits, and when it goes on; nothing is lost.
  @Test func outageIsTold() throws {
    let proxy = try TCPProxy(to: database.server.port)
    let away = database.server.networkURL(database.name, port: proxy.port)
    let program = "touch began; until test -e go; do sleep 0.1; done; echo '{\"loss\": 1}'"
    let running = try tool.start(
      ["tune"] + Self.objective + ["--trials", "2", "--no-progress", "--", "sh", "-c", program],
      environment: ["OUTERLOOP_STORE": away])
    running.wait { tool.has("began") }
    proxy.isDown = true
    try tool.write("", "go")
    Thread.sleep(forTimeInterval: 4)
    proxy.isDown = false
    let ending = try running.end()
    check(ending)
    let told = [
      "waiting for up to 5m00s: the store ", "hint: check that the server runs",
      "the store answers again",
    ]
    for text in told { #expect(ending.err.ranges(of: text).count == 1, "\(ending.err)") }
    #expect(
      try run(["trials", "--json"]).list.filter { $0["state"] as? String == "complete" }.count == 2)
  }

  /// A password that was typed is gone from the list of processes, and is warned about.
  @Test func typedPassword() throws {
    let running = try tool.start(
      ["tune", "--store", url] + Self.objective
        + [
          "--trials", "1", "--no-progress", "--", "sh", "-c",
          "touch began; sleep 2; echo '{\"loss\": 1}'",
        ])
    running.wait { tool.has("began") }
    #if os(Linux)
      let process = running.process.processIdentifier
      let words = try String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)
      #expect(words.contains("postgres://outerloop@127.0.0.1") && !words.contains("pass%3A"))
    #endif
    let ending = try running.end()
    check(ending)
    #expect(ending.err.contains("warning: a password on a command line"))
    // What it says to do next has none.
    #expect(ending.err.contains("--store postgres://outerloop@127.0.0.1"))
    let environment = ["PGPASSWORD": PostgresServer.password]
    let plain = database.server.networkURL(database.name, password: nil)
    let next = try tool.run(["best", "--store", plain], environment: environment)
    check(next)
    #expect(!next.err.contains("warning"))
  }

  /// A password from the environment is in no list of processes, no file of the study, and not in the server's log.
  @Test func passwordsAreNowhere() throws {
    let server = database.server
    let secret = "s\(UUID().uuidString.replacingOccurrences(of: "-", with: ""))"
    let role = "r" + database.name
    try server.query("CREATE ROLE \(role) LOGIN SUPERUSER PASSWORD '\(secret)'")
    defer { _ = try? server.query("DROP OWNED BY \(role); DROP ROLE \(role)", in: database.name) }
    let url = "postgres://\(role):\(secret)@127.0.0.1:\(server.port)/\(database.name)"
    let environment = ["OUTERLOOP_STORE": url]
    #if os(Linux)
      let list = #"cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' >> processes; "#
    #else
      let list = "ps -axww -o args >> processes; "
    #endif
    let running = try tool.start(
      ["tune"] + Self.objective
        + ["--trials", "2", "--no-progress", "--", "sh", "-c", list + "echo '{\"loss\": 1}'"],
      environment: environment)
    let ending = try running.end()
    check(ending)
    let wrong = try tool.run(
      ["best"],
      environment: ["OUTERLOOP_STORE": url.replacingOccurrences(of: secret, with: "x" + secret)])
    #expect(
      wrong.status == 1 && wrong.err.contains("password authentication failed"), "\(wrong.err)")
    let debug = try tool.run(
      ["worker", "--study", "none"], environment: environment)
    #expect(debug.status != 0)
    for text in [ending.out, ending.err, wrong.out, wrong.err, debug.out, debug.err] {
      #expect(!text.contains(secret), "\(text)")
    }
    #expect(try tool.text("processes").contains("tune --param x=float(0, 1)"))
    for place in [".", server.socketFolder + "/log"] {
      let found = try tool.run(
        [], environment: ["SECRET": secret], shell: "grep -rlF \"$SECRET\" '\(place)'")
      #expect(found.status == 1 && found.out.isEmpty, "the password is in \(found.out)")
    }
  }

  /// libpq's environment says what the URL leaves open.
  @Test func environmentOfLibpq() throws {
    let server = database.server
    let variables = [
      "PGHOST": "127.0.0.1", "PGPORT": "\(server.port)", "PGUSER": PostgresServer.user,
      "PGPASSWORD": PostgresServer.password, "PGDATABASE": database.name,
    ]
    let words = ["ask", "--store", "postgres://"] + Self.objective
    check(try tool.run(words, environment: variables))
    try tool.write(
      """
      [runs]
      host=127.0.0.1
      port=\(server.port)
      user=\(PostgresServer.user)
      dbname=\(database.name)
      """, "services")
    let service = [
      "PGSERVICEFILE": tool.file("services"), "PGPASSWORD": PostgresServer.password,
    ]
    let studies = try tool.run(
      ["studies", "--json", "--store", "postgresql:///?service=runs"], environment: service)
    check(studies)
    #expect(try studies.list.count == 1)
  }

  /// From a laptop to a server in three commands, and back.
  @Test func copies() throws {
    let program = #"""
      echo '{"epoch": 1, "loss": 0.5}'; echo saved > "$1/1"; echo '{"checkpoint": "1", "epoch": 1}'
      """#
    _ = try tool.run(
      ["tune", "--store", "laptop.db"] + Self.objective
        + ["--trials", "2", "--no-progress", "--", "sh", "-c", program, "sh", "{checkpoint}"])
    let ending = try run(["copy", "laptop.db", url, "--json"])
    let record = try #require(try ending.list.first)
    #expect(record["trials"] as? Int == 2 && record["running"] as? Int == 0)
    #expect(tool.has("\(database.name).trials/study/1/checkpoint/1"))
    try run(["resume", "--trials", "3", "--no-progress"])
    #expect(try run(["trials", "--json"]).list.count == 3)
    // Nothing is replaced, and what to do is said.
    let again = try run(["copy", "laptop.db", url], status: 1)
    #expect(again.err.contains("has a study `study` already") && again.err.contains("--name NAME"))
    try run(["copy", url, "back.db"])
    let there = try tool.run(["export", "--format", "jsonl"], environment: environment)
    let back = try tool.run(["export", "--format", "jsonl", "--store", "back.db"])
    #expect(back.status == 0 && back.out == there.out && !back.out.isEmpty)
    #expect(tool.has("back.trials/study/2/log.txt"))
    // Folders that are there are no less safe than studies.
    let blocked = try run(["copy", "laptop.db", url, "--name", "study2"])
    #expect(blocked.err.contains("next: outerloop resume --study study2"))
    try tool.makeFolder("\(database.name).trials/study3")
    let refused = try run(["copy", "laptop.db", url, "--name", "study3"], status: 1)
    #expect(refused.err.contains("--without-files"))
    try run(["copy", "laptop.db", url, "--name", "study3", "--without-files"])
  }

  /// A worker elsewhere takes a trial as soon as there is one.
  @Test func serveAndDashboard() throws {
    let requests = """
      {"id": 1, "op": "hello", "protocol": 1}
      {"id": 2, "op": "open", "store": "\(url)", "study": "served", "parameters": ["x=float(0, 1)"], "objectives": [{"metric": "loss"}]}
      {"id": 3, "op": "ask"}
      """
    try tool.write(requests + "\n", "requests")
    let served = try tool.run([], shell: "\"$0\" serve --stdio < requests")
    check(served)
    #expect(served.out.contains("\"isNew\""), "\(served.out)\(served.err)")
    let dashboard = try tool.start(
      ["dashboard", "--port", "0", "--json"], environment: environment)
    usleep(1_500_000)
    #expect(dashboard.process.isRunning)
    dashboard.process.interrupt()
    let ending = try dashboard.end()
    #expect(ending.out.contains("\"url\""), "\(ending.err)")
    #expect(!ending.err.contains(PostgresServer.escapedPassword))
  }
}

/// Names of stores that are none.
@Suite struct StorePlaceTests {
  @Test(arguments: [
    "mysql://me:s3cret@host/db", "sqlite:///runs.db", "http://host/x", "redis+tls://host",
    "file:///a.db",
  ])
  func otherSchemes(_ url: String) throws {
    let tool = Tool()
    for words in [
      ["studies"], ["best"], ["watch"], ["dashboard"], ["trials"], ["worker"], ["resume"],
      ["launch", "slurm"], ["report"],
      ["tune", "--param", "x=float(0, 1)", "--minimize", "loss", "--trials", "1"],
    ] {
      let last = words[0] == "tune" ? ["--", "true"] : []
      let said = try tool.failure(words + ["--store", url] + last, status: 64)
      #expect(said.contains("is no store") && !said.contains("s3cret"), "\(said)")
      #expect(said.contains("name "), "\(said)")
    }
    let said = try tool.failure(["studies"], status: 64, environment: ["OUTERLOOP_STORE": url])
    #expect(said.contains("is no store") && !said.contains("s3cret"))
    #expect(try tool.failure(["copy", "a.db", url], status: 64).contains("is no store"))
    #expect(tool.names("").filter { !$0.hasSuffix(".out") && !$0.hasSuffix(".err") }.isEmpty)
  }
}
