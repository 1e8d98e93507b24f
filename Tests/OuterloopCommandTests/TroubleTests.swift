import Foundation
import GRDB
import Testing

/// Studies on disks that fill up, in files that are none, beside clocks that jump, and with programs
/// and terminals that misbehave.
@Suite(.serialized) struct TroubleTests {
  private let tool = Tool()

  private static let study = ["--param", "x=float(0, 1)", "--minimize", "loss", "--seed", "7"]
  private static let quick = study + ["--", "echo", "{\"loss\": {x}}"]
  private static func slow(_ seconds: String) -> [String] {
    study + ["--", "sh", "-c", "sleep \(seconds); echo '{\"loss\": {x}}'"]
  }

  private func expectSound(_ path: String = "outerloop.db") throws {
    let queue = try DatabaseQueue(path: tool.file(path))
    let found = try queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
    #expect(found == ["ok"])
  }

  private func shell(_ script: String) throws -> Int32 { try tool.run([], shell: script).status }

  /// Files that belong to the store's log.
  private var logFiles: [String] {
    tool.names("").filter { $0.hasSuffix("-wal") || $0.hasSuffix("-shm") }
  }

  // MARK: Disks

  /// A full disk is an error with advice, whether the store or the trials' files fill it; what was
  /// told stays, and the study goes on when there is space again.
  @Test(
    .enabled(if: getuid() == 0, "needs the right to mount a small disk"), arguments: [true, false])
  func fullDisk(filesElsewhere: Bool) throws {
    let disk = tool.file("disk")
    guard
      try shell("mkdir disk files && mount -t tmpfs -o size=1m tmpfs disk 2>/dev/null") == 0
    else { return }
    defer { _ = try? shell("umount disk") }
    if filesElsewhere { #expect(try shell("ln -s ../files disk/a.trials") == 0) }
    let store = ["--store", disk + "/a.db"]
    let full = try tool.run(["tune", "--trials", "600", "--parallel", "2"] + store + Self.quick)
    #expect(full.status == 1)
    #expect(full.err.contains("hint: free space") || full.err.contains("free some space"))
    #expect(full.err.contains("is full") || full.err.contains("No space left"), "\(full.err)")
    let told = full.err.split(separator: "\n").filter { $0.contains("  complete  loss ") }
      .compactMap { Int($0.split(separator: " ")[1]) }
    #expect(told.count > 10)
    let kept = try tool.trials(store)
    let complete = kept.filter { $0["state"] as? String == "complete" }
      .compactMap { $0["number"] as? Int }
    #expect(Set(complete).isSuperset(of: told), "a result is lost")
    #expect(kept.allSatisfy { $0["state"] as? String != "failed" })

    #expect(try shell("mount -o remount,size=16m disk") == 0)
    let total = kept.count + 10
    let more = try tool.run(["resume", "--trials", "\(total)"] + store)
    #expect(more.status == 0, "\(more.err)")
    let all = try tool.trials(store)
    #expect(all.compactMap { $0["number"] as? Int } == Array(0..<total))
    #expect(all.allSatisfy { $0["state"] as? String == "complete" })
    try expectSound("disk/a.db")
  }

  /// Where nothing may be written, studies can be looked at; going on is an error.
  @Test func readOnlyPlaces() throws {
    let disk = tool.file("disk")
    try tool.makeFolder("disk")
    let isRoot = getuid() == 0
    if isRoot, try shell("mount -t tmpfs -o size=4m tmpfs disk 2>/dev/null") != 0 { return }
    defer { _ = try? shell(isRoot ? "umount disk" : "chmod 755 disk") }
    let store = ["--store", disk + "/a.db"]
    #expect(try tool.run(["tune", "--trials", "5"] + store + Self.quick).status == 0)
    #expect(
      try shell(isRoot ? "mount -o remount,ro disk" : "chmod 555 disk; chmod 444 disk/a.db") == 0)
    let before = tool.names("disk")
    for words in [
      ["studies"], ["trials"], ["best"], ["export"], ["plot", "--out", tool.file("p")],
    ] {
      let ending = try tool.run(words + store)
      #expect(ending.status == 0, "\(words): \(ending.err)")
      #expect(!ending.out.isEmpty)
    }
    for words in [
      ["resume", "--trials", "9"], ["worker"], ["ask"], ["delete", "--study", "study"],
    ] {
      let ending = try tool.run(words + store)
      #expect(ending.status == 1 && !ending.isSignal)
      #expect(ending.err.contains("a.db` may not be written to\n\nhint: "), "\(ending.err)")
    }
    #expect(tool.names("disk") == before)
  }

  /// The folder of a store is removed under a study.
  @Test func removedFolder() throws {
    #expect(try shell("mkdir gone") == 0)
    let running = try tool.start(
      ["tune", "--trials", "50", "--store", tool.file("gone/a.db")] + Self.slow("0.1"))
    running.wait { running.errorText.contains("complete") }
    #expect(try shell("mv gone away && rm -rf away") == 0)
    let ending = try running.end()
    #expect(ending.status == 1 && !ending.isSignal)
    #expect(ending.err.contains("error: "))
    #expect(
      ending.err.contains("was moved or removed while it was in use\n\nhint: "), "\(ending.err)")
    let none = try tool.run(["trials", "--store", "gone/a.db"])
    #expect(none.status == 1)
    #expect(!tool.has("gone/a.db"))
  }

  // MARK: Files

  /// Files that are no stores are refused and stay as they are.
  @Test func foreignFiles() throws {
    try tool.write("not a store", "text")
    let queue = try DatabaseQueue(path: tool.file("other"))
    try queue.write { try $0.execute(sql: "CREATE TABLE a (b); PRAGMA user_version = 1") }
    try queue.close()
    #expect(try shell("mkdir folder; : > empty; mkfifo pipe") == 0)
    #expect(try tool.run(["tune", "--trials", "5", "--store", "newer"] + Self.quick).status == 0)
    let newer = try DatabaseQueue(path: tool.file("newer"))
    try newer.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 99") }
    try newer.close()
    for (name, text) in [
      ("text", "is not a store of Outerloop"), ("other", "is an SQLite file of another program"),
      ("folder", "is a folder"), ("newer", "was written by a newer version"),
      ("pipe", "is not an ordinary file"), ("none/a.db", "none"),
    ] {
      let before = FileManager.default.contents(atPath: tool.file(name))
      for words in [["tune"], ["trials"], ["resume"], ["ask"]] {
        let ending = try tool.run(
          words + ["--store", name] + (words == ["tune"] ? Self.quick : []))
        #expect(ending.status == 1 && !ending.isSignal, "\(words) \(name)")
        #expect(ending.err.contains("error: ") && ending.err.contains("\n\nhint: "))
        #expect(ending.err.contains(text), "\(ending.err)")
        #expect(ending.out.isEmpty)
      }
      #expect(FileManager.default.contents(atPath: tool.file(name)) == before)
    }
    #expect(logFiles.isEmpty)
  }

  /// Damage is told as an error: any page of the file is overwritten, or the end cut off.
  @Test func damagedFiles() throws {
    #expect(try tool.run(["tune", "--trials", "40"] + Self.quick).status == 0)
    let whole = try tool.data("outerloop.db")
    #expect(whole.count % 4096 == 0)
    var told = 0
    let pages = whole.count / 4096
    for damage in 0..<min(2 * pages, 24) {
      var bytes = whole
      if damage % 2 == 0 {
        bytes.removeLast(4096 * (1 + damage / 2 % (pages - 1)) - 100)
      } else {
        let start = 4096 * (damage / 2 % pages) + (damage / 2 % pages == 0 ? 100 : 0)
        for place in start..<start + 3000 { bytes[place] = UInt8(truncatingIfNeeded: place &* 31) }
      }
      try bytes.write(to: URL(fileURLWithPath: tool.file("bad.db")))
      for words in [["trials"], ["resume", "--trials", "41"]] {
        let ending = try tool.run(words + ["--store", "bad.db"])
        #expect(!ending.isSignal && [0, 1].contains(ending.status), "\(damage): \(ending.err)")
        guard ending.status == 1 else { continue }
        told += 1
        #expect(
          ending.err.contains("error: ") && ending.err.contains("\n\nhint: "), "\(ending.err)")
      }
      _ = try shell("rm -rf bad.*")
    }
    #expect(told > 10)
  }

  /// A file as an older version has left it can be looked at.
  @Test func olderFiles() throws {
    let kept = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("OuterloopStoreTests/Schemas/schema-1.db")
    try FileManager.default.copyItem(atPath: kept.path, toPath: tool.file("old.db"))
    let studies = try tool.list(["studies", "--json", "--store", "old.db"])
    let name = try #require(studies.first?["study"] as? String)
    #expect(!(try tool.trials(["--store", "old.db", "--study", name])).isEmpty)
  }

  /// Looking at a store leaves nothing behind; while someone writes, the log stays.
  @Test func viewersLeaveNothingBehind() throws {
    #expect(try tool.run(["tune", "--trials", "3"] + Self.quick).status == 0)
    #expect(logFiles.isEmpty)
    for words in [["trials"], ["best"], ["studies"], ["export"], ["trials", "--study", "none"]] {
      _ = try tool.run(words)
      #expect(logFiles.isEmpty, "\(words)")
    }
    let running = try tool.start(["resume", "--trials", "8", "--parallel", "1"])
    var looks = 0
    while running.process.isRunning {
      #expect(try tool.run(["trials", "--json"]).status == 0)
      looks += 1
    }
    #expect(try running.end().status == 0)
    #expect(looks > 0)
    #expect(try tool.trials().count == 8)
    // If the runner left while someone looked, the log is kept until someone writes again.
    #expect(try tool.run(["resume", "--trials", "9"]).status == 0)
    #expect(logFiles.isEmpty)
    try expectSound()
  }

  // MARK: Others

  /// Of several that begin the same study at the same moment one does.
  @Test func sameStudyTwice() throws {
    let all = try (0..<3).map { _ in try tool.start(["tune", "--trials", "6"] + Self.slow("0.05")) }
    let endings = try all.map { try $0.end() }
    #expect(endings.map(\.status).sorted() == [0, 1, 1])
    for ending in endings where ending.status == 1 {
      #expect(ending.err.contains("study `study`"), "\(ending.err)")
      #expect(ending.err.contains("\n\nhint: "))
    }
    #expect(try tool.trials().count == 6)
  }

  /// A reader that has enough, streams that are closed: the work is done, and nothing of what is said
  /// goes into the store.
  @Test func closedStreams() throws {
    let tune = ["tune", "--trials", "4", "--parallel", "2"]
    for (name, redirection, status) in [
      ("out", ">&-", 1), ("err", "2>&-", 0), ("all", "<&- >&- 2>&-", 1),
      ("pipe", "| head -0", 0), ("both", "2>&1 | head -1", 0),
    ] as [(String, String, Int32)] {
      let ending = try tool.run(
        tune + ["--study", name] + Self.quick, shell: "\"$0\" \"$@\" \(redirection)")
      #expect(ending.status == status, "\(name): \(ending.err)")
      #expect(
        try tool.trials(["--study", name]).count { $0["state"] as? String == "complete" } == 4)
      try expectSound()
    }
    _ = try tool.run(
      ["tune", "--trials", "500", "--study", "long", "--parallel", "2"] + Self.quick)
    let first = try tool.run(
      ["export", "--study", "long", "--format", "json"], shell: "\"$0\" \"$@\" | head -1")
    #expect(first.status == 0)
    #expect(first.out == "{\n")
    #expect(first.err.isEmpty)
  }

  /// A program that kills whoever runs it costs its trial, after three of them, and no other.
  @Test func programsThatKillTheirParent() throws {
    let words =
      Self.study + [
        "--", "sh", "-c",
        "test {trial} = 2 && kill -9 $PPID; test {trial} = 2 || echo '{\"loss\": {x}}'",
      ]
    // One at a time: a trial beside it would lose its worker as often.
    var ending = try tool.run(["tune", "--trials", "6"] + words)
    var deaths = 0
    while ending.isSignal, deaths < 10 {
      #expect(ending.status == SIGKILL)
      deaths += 1
      ending = try tool.run(["resume"])
    }
    #expect(deaths == 3)
    #expect(ending.status == 0, "\(ending.err)")
    let all = try tool.trials()
    #expect(all.count == 6)
    for row in all {
      let isBad = row["number"] as? Int == 2
      #expect(row["state"] as? String == (isBad ? "failed" : "complete"), "\(row)")
      #expect(row["reason"] as? String == (isBad ? "lost" : nil))
    }
    try expectSound()
  }

  // MARK: Advice

  /// A metric that is not what the program prints: the failure says what it does print.
  @Test func otherMetrics() throws {
    for (name, program, text) in [
      (
        "log", "echo '{\"loss\": {x}, \"size\": 3}'",
        "it ended well but its JSON lines have loss, size; no `los`; did you mean the metric `loss`?"
      ),
      (
        "epoch", "echo '{\"epoch\": 1, \"loss\": {x}}'", "its last report has no `los`, only loss"
      ),
      ("none", "echo {x}", "it ended well but reported nothing; print a line such as"),
    ] {
      let ending = try tool.run(
        ["tune", "--study", name, "--trials", "1", "--param", "x=float(0, 1)", "--minimize", "los"]
          + ["--", "sh", "-c", program])
      #expect(ending.status == 1)
      #expect(ending.err.contains(text), "\(ending.err)")
    }
  }

  /// Who asks beyond the budget is told how to raise it, and that works.
  @Test func asksBeyondTheBudget() throws {
    let ask = ["ask", "--study", "hand"]
    let first = try tool.run(
      ask + ["--trials", "1", "--param", "x=float(0, 1)", "--minimize", "loss"])
    #expect(first.status == 0)
    #expect(try tool.run(["tell", "--study", "hand", "--trial", "0", "loss=1"]).status == 0)
    let spent = try tool.run(ask)
    #expect(spent.status == 1)
    let hint = "hint: budgets are totals; for more: outerloop ask --study hand --trials 2\n"
    #expect(spent.err == "error: the budget of study `hand` is spent\n\n\(hint)")
    #expect(try tool.run(ask + ["--trials", "2"]).out.hasPrefix("trial 1\n"))
    #expect(try tool.run(["tell", "--study", "hand", "--trial", "1", "loss=1"]).status == 0)
    #expect(try tool.run(ask).err.contains("outerloop ask --study hand --trials 4"))
  }
}
