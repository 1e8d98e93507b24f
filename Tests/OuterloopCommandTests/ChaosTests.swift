import Foundation
import GRDB
import OuterloopPostgres
import OuterloopStore
import OuterloopStudy
import PostgresServer
import Testing

/// A search by several processes of which one is killed again and again: the one that began it, a
/// worker, or the program of a trial; now and then one is held up for longer than its lease. Laws,
/// whoever it was and when:
///
/// - what was acknowledged is in the store: results that a runner has told, epochs from which a trial
///   went on, results before a persistent program got its next request;
/// - what is in the store has been said by a program, once;
/// - trial numbers have no gap, there are exactly as many as the budget says, and none is open;
/// - each trial is complete, or lost as many workers as make it a lost one;
/// - the store is sound, and its tables are what its events add up to.
///
/// The same holds of a store on a server, which is killed itself now and then.
///
/// The suite's own time is short; `OUTERLOOP_CHAOS_SECONDS` makes it longer (for each of the two
/// kinds of programs), and `OUTERLOOP_CHAOS_SEED` names the choices of victims and moments.
@Suite(.serialized) struct ChaosTests {
  static func setting(_ name: String) -> Double? {
    ProcessInfo.processInfo.environment[name].flatMap { Double($0) }
  }
  static let seconds = setting("OUTERLOOP_CHAOS_SECONDS") ?? 8
  static let seed = UInt64(setting("OUTERLOOP_CHAOS_SEED") ?? 1)
  static let epochs = 3

  @Test(arguments: [false, true]) func searchesSurvive(persistent: Bool) async throws {
    try await survive(Arena(persistent: persistent, seed: Self.seed), persistent)
  }

  @Test(
    .enabled(if: PostgresServer.missing == nil, "\(PostgresServer.missing ?? "")"),
    arguments: [false, true])
  func searchesOnAServerSurvive(persistent: Bool) async throws {
    let server = try PostgresServer()
    try await survive(Arena(persistent: persistent, seed: Self.seed, on: server), persistent)
  }

  private func survive(_ arena: Arena, _ persistent: Bool) async throws {
    let kills = try arena.rage(until: Date().addingTimeInterval(Self.seconds), atLeast: 12)
    let total = arena.total
    try arena.calmDown()
    print(
      "chaos, \(persistent ? "persistent" : "plain"): kills \(kills), stops \(kills.stops), trials \(total)"
    )
    #expect(kills.total >= 12)
    #expect(arena.failures.isEmpty, "\(arena.failures.joined(separator: "\n"))")
    #expect(try arena.tool.processes().isEmpty, "a process is left over")
    try await check(arena, total)
  }

  private func check(_ arena: Arena, _ total: Int) async throws {
    let store: any StudyStore
    if let address = PostgresAddress(arena.store) {
      store = try PostgresStore(address, .read)
    } else {
      let queue = try DatabaseQueue(path: arena.store)
      let sound = try await queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
      #expect(sound == ["ok"])
      let dangling = try await queue.read {
        try Row.fetchAll($0, sql: "PRAGMA foreign_key_check").count
      }
      #expect(dangling == 0)
      store = try SQLiteStore(arena.store, .read)
    }
    let id = try #require(try await store.study(named: "chaos"))
    let events = try await store.events(of: id, after: 0, limit: .max)
    #expect(events.map(\.revision) == Array(1..<events.count + 1))
    let trials = try await store.trials(of: id, matching: TrialQuery())
    #expect(trials == (try await store.history(of: id)).trials, "tables and events differ")
    #expect(trials.map(\.number) == Array(0..<total))

    let journal = try Journal(arena.tool.text("journal"))
    var kept: Set<Journal.Report> = []
    var saved: Set<[Int]> = []
    var claims: Set<[Int]> = []
    for event in events {
      switch event.kind {
      case .claimed(let attempt, _):
        #expect(claims.insert([event.trial, attempt]).inserted, "an attempt was given twice")
      case .reported(_, let report):
        let process = Int(report.values["process"] ?? 0)
        let one = Journal.Report(trial: event.trial, epoch: report.epoch, process: process)
        #expect(report.values["loss"] == Double("\(event.trial).\(report.epoch)"))
        #expect(kept.insert(one).inserted, "\(one) is kept twice")
        #expect(journal.said.contains(one), "nobody said \(one)")
      case .checkpointed(_, let epoch): saved.insert([event.trial, epoch])
      default: break
      }
    }
    for (trial, epoch) in journal.wentOnFrom {
      #expect(saved.contains([trial, epoch]), "trial \(trial) lost its checkpoint \(epoch)")
    }
    for trial in journal.done.union(arena.told) {
      #expect(trials[trial].state == .complete, "the result of trial \(trial) is lost")
    }
    for trial in trials {
      switch trial.state {
      case .complete:
        // The result of one who was held up is taken while another has begun anew.
        if !trial.attempts.contains(where: { $0.reason == .lost }) {
          #expect(trial.reports.map(\.epoch) == Array(1...Self.epochs), "\(trial)")
        }
        #expect(trial.values == [Double("\(trial.number).\(Self.epochs)") ?? .nan])
      case .failed(.lost):
        #expect(trial.attempts.count { $0.reason == .lost } == 3, "\(trial)")
      default: Issue.record("trial \(trial.number) is \(trial.state)")
      }
    }
    #expect(trials.count { $0.state == .complete } > total / 2)
  }
}

/// What the programs themselves wrote down.
private struct Journal {
  struct Report: Hashable {
    var trial, epoch, process: Int
  }

  /// What was about to be printed.
  var said: Set<Report> = []
  /// Trials and epochs after which a program was asked to go on.
  var wentOnFrom: [(trial: Int, epoch: Int)] = []
  /// Trials that were done when their program was asked for another.
  var done: Set<Int> = []

  init(_ text: String) {
    var last: [Int: Int] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      let numbers = words.dropFirst().compactMap { Int($0) }
      // A program that is killed may leave half a line behind.
      guard numbers.count == 3 else { continue }
      switch words[0] {
      case "began":
        if numbers[1] > 0 { wentOnFrom.append((numbers[0], numbers[1])) }
        if let before = last.removeValue(forKey: numbers[2]) { done.insert(before) }
      case "said": said.insert(Report(trial: numbers[0], epoch: numbers[1], process: numbers[2]))
      case "ended": last[numbers[2]] = numbers[0]
      default: break
      }
    }
  }
}

/// A study, those who work on it, and the one who kills them.
private final class Arena {
  struct Kills: CustomStringConvertible {
    var runners = 0
    var workers = 0
    var programs = 0
    /// Held up for a while, not killed.
    var stops = 0
    var servers = 0
    var total: Int { runners + workers + programs }
    var description: String {
      "\(total) (\(runners) of the runner, \(workers) of workers, \(programs) of programs)"
        + (servers > 0 ? ", \(servers) of the server" : "")
    }
  }

  let tool: Tool
  let store: String
  private let server: PostgresServer?
  /// How many trials the study is to have.
  private(set) var total = 30
  /// Trials whose result a runner has told.
  private(set) var told: Set<Int> = []
  /// What runners said that ended by themselves, and not well.
  private(set) var failures: [String] = []
  private let program: [String]
  private var random: SplitMix64
  private var runner: Tool.Running?
  private var workers: [Tool.Running] = []
  /// Who is held up, and until when.
  private var stopped: [(running: Tool.Running, until: Date)] = []

  init(persistent: Bool, seed: UInt64, on server: PostgresServer? = nil) throws {
    let tool = Tool()
    self.tool = tool
    self.server = server
    // Processes are found by the folder that their words name.
    let name = "&application_name=" + tool.folder.lastPathComponent
    store = server.map { $0.url("postgres") + name } ?? tool.file("a.db")
    random = SplitMix64(state: seed &+ (persistent ? 1000 : 0))
    let file = tool.file(persistent ? "program.py" : "program.sh")
    try (persistent ? Self.persistentProgram : Self.plainProgram).write(
      toFile: file, atomically: true, encoding: .utf8)
    program =
      persistent
      ? ["--persistent", "--", "python3", file]
      : ["--", "sh", file, "{trial}", "{from}", "{to}", "{checkpoint}"]
  }

  /// Words: trial, from, to, folder. The journal is written before the report is printed.
  private static let plainProgram = """
    echo "began $1 $2 $$" >> journal
    epoch=$2
    while [ $epoch -lt $3 ]; do
      epoch=$((epoch + 1))
      sleep 0.00$((($1 * 7 + epoch) % 8))
      echo "said $1 $epoch $$" >> journal
      echo "{\\"epoch\\": $epoch, \\"loss\\": $1.$epoch, \\"process\\": $$}"
      echo $$ > "$4/$epoch.part" && mv "$4/$epoch.part" "$4/$epoch"
      echo "{\\"checkpoint\\": \\"$epoch\\", \\"epoch\\": $epoch}"
    done
    """

  private static let persistentProgram = """
    import json, os, sys, time
    journal = os.open("journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    process = os.getpid()
    def note(what, trial, epoch):
        os.write(journal, f"{what} {trial} {epoch} {process}\\n".encode())
    for line in sys.stdin:
        r = json.loads(line)
        trial = r["trial"]
        note("began", trial, r["fromEpoch"])
        for epoch in range(r["fromEpoch"] + 1, r["toEpoch"] + 1):
            time.sleep(0.001 * ((trial * 7 + epoch) % 8))
            note("said", trial, epoch)
            print(json.dumps({"epoch": epoch, "loss": float(f"{trial}.{epoch}"),
                              "process": process}), flush=True)
            saved = os.path.join(r["checkpoint"], str(epoch))
            open(saved, "w").close()
            print(json.dumps({"epoch": epoch, "checkpoint": saved}), flush=True)
        note("ended", trial, r["toEpoch"])
        print('{"done": true}', flush=True)
    """

  private var exists: Bool {
    get throws {
      guard server != nil || FileManager.default.fileExists(atPath: store) else { return false }
      return try tool.run(["studies", "--json", "--store", store]).out.contains("\"chaos\"")
    }
  }

  private func startRunner() throws {
    let trials = ["--trials", "\(total)", "--parallel", "2", "--lease", "2s", "--store", store]
    runner = try tool.start(
      exists
        ? ["resume", "--study", "chaos"] + trials
        : ["tune", "--study", "chaos", "--param", "x=float(0, 1)", "--minimize", "loss"]
          + [
            "--sampler", "random", "--seed", "1", "--epochs", "\(ChaosTests.epochs)", "--scheduler",
            "none",
          ]
          + ["--retries", "1000"] + trials + program)
  }

  /// Takes in how a process ended; whether it ended well, with nothing left to do.
  private func took(_ running: Tool.Running) throws -> Bool {
    let ending = try running.end()
    // The last line may have been cut off.
    for line in ending.err.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      let words = line.split(separator: " ")
      if words.count > 2, words[0] == "trial", words[2] == "complete", let number = Int(words[1]) {
        told.insert(number)
      }
    }
    // Who begins while the server is away is told so; who has reached it before waits for it.
    let isAway =
      server != nil && ending.err.contains("cannot be reached: ")
      && !ending.err.contains("tried for")
    if !ending.isSignal, ending.status != 0, !isAway { failures.append(ending.err) }
    return !ending.isSignal && ending.status == 0
  }

  /// Keeps a runner and two workers going, and kills someone now and then.
  ///
  /// - Parameter least: so many kills, on a busy machine for up to two minutes longer.
  func rage(until end: Date, atLeast least: Int) throws -> Kills {
    var kills = Kills()
    defer { wake(by: .distantFuture) }
    while Date() < end || (kills.total < least && Date() < end.addingTimeInterval(120)) {
      wake(by: Date())
      if let runner, !runner.process.isRunning {
        if try took(runner) { total += 30 }
        self.runner = nil
      }
      if runner == nil { try startRunner() }
      for (place, worker) in workers.enumerated().reversed() where !worker.process.isRunning {
        _ = try took(worker)
        workers.remove(at: place)
      }
      while workers.count < 2, try exists {
        workers.append(
          try tool.start(["worker", "--study", "chaos", "--lease", "2s", "--store", store]))
      }
      usleep(UInt32.random(in: 0...250_000, using: &random))
      if let server, Int.random(in: 0..<12, using: &random) == 0 {
        try server.kill()
        try server.start()
        kills.servers += 1
      }
      guard let victim = try tool.processes().randomElement(using: &random) else { continue }
      let ours = (workers + [runner].compactMap(\.self)).first {
        $0.process.processIdentifier == victim
      }
      if let ours, stopped.isEmpty, Int.random(in: 0..<6, using: &random) == 0 {
        kill(victim, SIGSTOP)
        stopped.append((ours, Date().addingTimeInterval(2.5)))
        kills.stops += 1
        continue
      }
      kill(victim, SIGKILL)
      if victim == runner?.process.processIdentifier {
        kills.runners += 1
      } else if workers.contains(where: { $0.process.processIdentifier == victim }) {
        kills.workers += 1
      } else {
        kills.programs += 1
      }
    }
    return kills
  }

  private func wake(by now: Date) {
    for one in stopped where one.until <= now && one.running.process.isRunning {
      kill(one.running.process.processIdentifier, SIGCONT)
    }
    stopped.removeAll { $0.until <= now }
  }

  /// Lets the study come to its end.
  func calmDown() throws {
    for running in workers + [runner].compactMap(\.self) { _ = try took(running) }
    (workers, runner) = ([], nil)
    for _ in 0..<2 {
      try startRunner()
      if let runner { #expect(try took(runner)) }
      runner = nil
    }
  }
}

/// Steele, Lea and Flood 2014: choices that a seed names.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
