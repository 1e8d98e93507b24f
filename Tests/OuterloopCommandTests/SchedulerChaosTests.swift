import Foundation
import GRDB
import OuterloopSearch
import OuterloopStore
import OuterloopStudy
import Testing

/// Studies under schedulers, run by four processes (`tune`, then `resume` and `worker`) of which one is killed again
/// and again, or the program of a trial; now and then one is held up for longer than its lease. Laws, beside those of
/// `ChaosTests`:
///
/// - no epoch is lost but the one under way: of what the store has of a trial, the last epoch at most is trained again;
///   so is what a program had done that was killed itself, whose runner lives to hear its last words;
/// - a trial goes on from the last checkpoint that the store had when it was claimed, and finds there what was
///   saved at that epoch, or later if its program had replaced the file before anybody could look;
/// - every value is one that a program of that trial measured at that epoch;
/// - what the log says was proposed is what a replay up to the same event proposes;
/// - each trial ends, or rests where its scheduler left it; one that is lost had three workers in a row that
///   vanished.
///
/// One study follows another for a few seconds; `OUTERLOOP_CHAOS_SECONDS` makes it longer, for each scheduler, and
/// `OUTERLOOP_CHAOS_KILLS` makes it last until so many were killed.
@Suite(.serialized) struct SchedulerChaosTests {
  static let seconds = ChaosTests.setting("OUTERLOOP_CHAOS_SECONDS") ?? 4
  static let kills = Int(ChaosTests.setting("OUTERLOOP_CHAOS_KILLS") ?? 5)
  static let trials = 14
  static let epochs = 9

  @Test(arguments: ["asha", "hyperband", "freeze-thaw", "median:startup=2,warmup=2"])
  func studiesSurvive(_ scheduler: String) async throws {
    let crew = try Crew(scheduler, seed: ChaosTests.seed)
    let (start, end) = (Date(), Date().addingTimeInterval(Self.seconds))
    var count = 0
    repeat {
      try crew.run(study: count, until: end)
      try await check(crew, "s\(count)")
      count += 1
    } while crew.goesOn(until: end)
    let seconds = Int(Date().timeIntervalSince(start))
    print("chaos, \(scheduler): \(count) studies in \(seconds) s, \(crew.summary)")
    #expect(crew.kills >= Self.kills)
    #expect(crew.failures.isEmpty, "\(crew.failures.joined(separator: "\n"))")
    #expect(try crew.tool.processes().isEmpty, "a process is left over")
  }

  private func check(_ crew: Crew, _ name: String) async throws {
    let queue = try DatabaseQueue(path: crew.store)
    let sound = try await queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
    #expect(sound == ["ok"])
    let store = try SQLiteStore(crew.store, .read)
    let id = try #require(try await store.study(named: name))
    let specification = try await store.specification(of: id)
    let events = try await store.events(of: id, after: 0, limit: .max)
    let trials = try await store.trials(of: id, matching: TrialQuery())
    #expect(trials == (try await store.history(of: id)).trials, "tables and events differ")
    #expect(trials.map(\.number) == Array(0..<Self.trials))
    try checkReports(events, try TrainingJournal(crew.tool.text("journal-\(name)")), crew)
    for trial in trials {
      let last = trial.reports.last?.epoch
      switch trial.state {
      case .complete:
        #expect(trial.values == [Self.loss(trial.number, Self.epochs)], "\(trial)")
      case .pruned: #expect(last != nil)
      case .paused: #expect(last == trial.through && !trial.isClaimable, "\(trial)")
      case .failed(.lost):
        let last = trial.attempts.reversed().prefix { $0.reason != nil }
        #expect(last.count { $0.reason == .lost } == 3, "\(trial.attempts.map(\.reason))")
      default: Issue.record("trial \(trial.number) is \(trial.state)")
      }
    }
    #expect(trials.contains { $0.state == .complete })
    try replay(events, specification)
  }

  static func loss(_ trial: Int, _ epoch: Int) -> Double {
    Double("\(trial * 37 % 101).\(epoch)") ?? .nan
  }

  private func checkReports(_ events: [Event], _ journal: TrainingJournal, _ crew: Crew) throws {
    #expect(journal.wrong == [])
    var history = OuterloopStudy.History()
    var kept: Set<TrainingJournal.Line> = []
    // How often a trial was claimed at a checkpoint.
    var claims: [[Int]: Int] = [:]
    // By trial the last program that was heard.
    var last: [Int: (attempt: Int, process: Int)] = [:]
    for event in events {
      try history.take(event)
      switch event.kind {
      case .claimed:
        let trial = history.trials[event.trial]
        claims[[event.trial, trial.checkpoint], default: 0] += 1
        #expect(trial.checkpoint >= trial.epoch - 1, "epochs of \(trial) are lost")
        // Whose runner lived: it is told apart from one that was lost by the reason of its end.
        if let heard = last[event.trial], heard.attempt == trial.attempts.count - 1,
          [.error, .memory].contains(trial.attempts[heard.attempt - 1].reason)
        {
          let said = journal.last(of: event.trial, heard.process)
          #expect(trial.checkpoint >= said - 1, "trial \(event.trial) had come to epoch \(said)")
          crew.crashes += 1
        }
      case .reported(let attempt, let report):
        let line = TrainingJournal.Line(
          trial: event.trial, epoch: report.epoch, process: Int(report.values["process"] ?? 0))
        last[event.trial] = (attempt, line.process)
        #expect(report.values["loss"] == Self.loss(event.trial, report.epoch))
        #expect(journal.said.contains(line) && kept.insert(line).inserted, "\(line)")
      default: break
      }
    }
    for (began, count) in journal.began {
      #expect(count <= claims[began] ?? 0, "trial \(began[0]) went on from epoch \(began[1])")
    }
    crew.trained += journal.said.count
    crew.ahead += journal.ahead
    crew.needed += Set(journal.said.map { [$0.trial, $0.epoch] }).count
  }

  /// What the log says was proposed, by the revision that was seen, is proposed again.
  private func replay(_ events: [Event], _ specification: StudySpecification) throws {
    var searcher = try SearchMethod.named(specification.method).searcher(specification)
    var history = OuterloopStudy.History()
    var expected: [Int: [Proposal]] = [:]
    for event in events {
      switch event.kind {
      case .suggested(let assignment, let through, let seen):
        expected[seen, default: []].append(.start(assignment, through: through))
      case .continued(let through, let seen):
        expected[seen, default: []].append(.advance(trial: event.trial, through: through))
      default: break
      }
    }
    func compare() throws {
      for proposal in expected[history.revision] ?? [] {
        let number = history.trials.count
        let again = try searcher.propose(number < Self.trials ? number : nil, in: history)
        #expect(again == proposal, "after event \(history.revision)")
      }
    }
    try compare()
    for event in events {
      try history.take(event)
      searcher.observe(event, in: history)
      try compare()
    }
  }
}

/// What the programs of a study wrote down.
private struct TrainingJournal {
  struct Line: Hashable {
    var trial, epoch, process: Int
  }

  /// What was about to be printed.
  var said: Set<Line> = []
  /// How many programs of a trial began after an epoch.
  var began: [[Int]: Int] = [:]
  /// How often a program found the checkpoint of a later epoch.
  var ahead = 0
  /// Where a program found an earlier checkpoint than the one that it was to go on from.
  var wrong: [Substring] = []

  /// The last epoch that a program said.
  func last(of trial: Int, _ process: Int) -> Int { lasts[[trial, process]] ?? 0 }

  private var lasts: [[Int]: Int] = [:]

  init(_ text: String) {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      let numbers = words.dropFirst().compactMap { Int($0) }
      // A program that is killed may leave half a line behind.
      guard numbers.count == 3 else { continue }
      switch words[0] {
      case "began": began[[numbers[0], numbers[1]], default: 0] += 1
      case "said":
        said.insert(Line(trial: numbers[0], epoch: numbers[1], process: numbers[2]))
        lasts[[numbers[0], numbers[2]]] = numbers[1]
      case "ahead": ahead += 1
      default: wrong.append(line)
      }
    }
  }
}

/// Four processes that work on a study, and the one who kills them.
private final class Crew {
  let tool = Tool()
  let store: String
  private(set) var kills = 0
  private(set) var programKills = 0
  private(set) var stops = 0
  /// Attempts after a program that was killed and had been heard.
  var crashes = 0
  /// What processes said that ended by themselves, and not well.
  private(set) var failures: [String] = []
  /// Epochs that were trained, and how many there are without repetitions.
  var trained = 0
  var needed = 0
  var ahead = 0
  private let scheduler: String
  private var random: SplitMix64
  private var workers: [Tool.Running] = []
  /// Studies that are in the store.
  private var begun: Set<String> = []
  private var stopped: (worker: Tool.Running, until: Date)?

  init(_ scheduler: String, seed: UInt64) throws {
    store = tool.file("a.db")
    self.scheduler = scheduler
    random = SplitMix64(state: seed &+ scheduler.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
    try tool.write(Self.program, "program.sh")
  }

  var summary: String {
    "\(kills) kills (\(programKills) of programs), \(stops) stops, \(trained) epochs for \(needed), "
      + "\(crashes) attempts after a crash, \(ahead) checkpoints ahead"
  }

  /// Words: trial, from, to, folder, journal. The journal is written before the report is printed.
  private static let program = """
    found=$(cat "$4/state" 2>/dev/null || echo 0)
    if [ $2 -gt 0 ] && [ "$found" -gt $2 ]; then echo "ahead $1 $(($found - $2)) $$" >> $5; fi
    if [ $2 -gt 0 ] && [ "$found" -lt $2 ]; then echo "wrong $1 $found $$" >> $5; fi
    echo "began $1 $2 $$" >> $5
    epoch=$2
    while [ $epoch -lt $3 ]; do
      epoch=$((epoch + 1))
      sleep 0.0$((($1 * 7 + epoch) % 8 + 2))
      echo "said $1 $epoch $$" >> $5
      echo "{\\"epoch\\": $epoch, \\"loss\\": $(($1 * 37 % 101)).$epoch, \\"process\\": $$}"
      echo $epoch > "$4/state.part" && mv "$4/state.part" "$4/state"
      echo "{\\"checkpoint\\": \\"state\\", \\"epoch\\": $epoch}"
    done
    """

  private func words(_ name: String) throws -> [String] {
    let run = ["--study", name, "--lease", "2s", "--store", store]
    if !begun.contains(name), FileManager.default.fileExists(atPath: store),
      try tool.run(["studies", "--json", "--store", store]).out.contains("\"\(name)\"")
    {
      begun.insert(name)
    }
    if begun.contains(name) {
      return [Bool.random(using: &random) ? "worker" : "resume"] + run
    }
    return ["tune", "--param", "x=float(0, 1)", "--minimize", "loss", "--seed", "1"]
      + [
        "--epochs", "\(SchedulerChaosTests.epochs)", "--trials", "\(SchedulerChaosTests.trials)",
        "--scheduler", scheduler, "--retries", "1000",
      ]
      + (scheduler == "freeze-thaw" ? [] : ["--sampler", "random"]) + run
      + [
        "--", "sh", tool.file("program.sh"), "{trial}", "{from}", "{to}", "{checkpoint}",
        "journal-\(name)",
      ]
  }

  /// Whether there is more to kill: until then, and until enough were killed, with some patience on a busy machine.
  func goesOn(until end: Date) -> Bool {
    let patience = Double(max(4 * SchedulerChaosTests.kills, 120))
    return Date() < end
      || (kills < SchedulerChaosTests.kills && Date() < end.addingTimeInterval(patience))
  }

  /// Runs a study to its end, in peace when there is no more to kill.
  func run(study: Int, until end: Date) throws {
    let name = "s\(study)"
    var isDone = false
    while !isDone, goesOn(until: end) {
      for (place, worker) in workers.enumerated().reversed() where !worker.process.isRunning {
        isDone = try took(worker) || isDone
        workers.remove(at: place)
      }
      while !isDone, workers.count < 4 {
        let begins = try words(name)
        workers.append(try tool.start(begins))
        // The others join when the study is there.
        if begins[0] == "tune" { break }
      }
      usleep(UInt32.random(in: 0...250_000, using: &random))
      if !isDone { try strike() }
    }
    wake(by: .distantFuture)
    for worker in workers { _ = try took(worker) }
    workers = []
    for _ in 0..<2 { #expect(try took(try tool.start(try words(name)))) }
  }

  /// Kills a process, or holds it up.
  private func strike() throws {
    wake(by: Date())
    guard let victim = try victim() else { return }
    let worker = workers.first { $0.process.processIdentifier == victim }
    if let worker, stopped == nil, Int.random(in: 0..<12, using: &random) == 0 {
      kill(victim, SIGSTOP)
      stopped = (worker, Date().addingTimeInterval(2.5))
      stops += 1
      return
    }
    kill(victim, SIGKILL)
    kills += 1
    if worker == nil { programKills += 1 }
  }

  /// Any process, and half of the time a program, for which it waits a while: who is killed as it starts tells little.
  private func victim() throws -> Int32? {
    guard Bool.random(using: &random) else {
      return try tool.processes().randomElement(using: &random)
    }
    for _ in 0..<40 {
      let own = Set(workers.map(\.process.processIdentifier))
      let programs = try tool.processes().filter { !own.contains($0) }
      if let program = programs.randomElement(using: &random) { return program }
      usleep(50_000)
    }
    return nil
  }

  private func wake(by now: Date) {
    guard let one = stopped, one.until <= now else { return }
    if one.worker.process.isRunning { kill(one.worker.process.processIdentifier, SIGCONT) }
    stopped = nil
  }

  /// Takes in how a process ended; whether it ended well, with nothing left to do.
  private func took(_ worker: Tool.Running) throws -> Bool {
    let ending = try worker.end()
    // Two may begin the same study at the same moment.
    let isLate = ending.err.contains("has a study `s")
    if !ending.isSignal, ending.status != 0, !isLate { failures.append(ending.err) }
    return !ending.isSignal && ending.status == 0
  }
}
