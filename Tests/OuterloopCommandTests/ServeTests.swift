import Foundation
import Testing

/// `outerloop serve --stdio`: what `Documentation/protocol.md` promises, over real pipes.
@Suite struct ServeTests {
  private let tool = Tool()
  private let study: [String: Any] = [
    "parameters": ["x=float(-5, 10)", "opt=choice(sgd, adam)"],
    "objectives": [["metric": "loss", "direction": "minimize"]], "seed": 1, "sampler": "random",
  ]

  private func open(_ more: [String: Any] = [:], store: String? = "outerloop.db") throws
    -> ServedProcess
  {
    try .open(in: tool, study.merging(more) { $1 }, store: store)
  }

  @Test func trials() throws {
    let served = try open()
    try served.answer("budget", ["trials": 3])
    let first = try served.ask()
    #expect(first["number"] as? Int == 0 && first["toEpoch"] as? Int == 1)
    #expect((first["params"] as? [String: Any])?.count == 2)
    #expect(
      try served.answer("tell", ["trial": 0, "values": ["loss": 2, "size": 7]])["state"] as? String
        == "complete")
    _ = try served.ask()
    let failure = ["trial": 1, "failed": "memory", "message": "too large"] as [String: Any]
    #expect(try served.answer("tell", failure)["state"] as? String == "failed")
    _ = try served.ask()
    #expect(
      try served.answer("tell", ["trial": 2, "values": ["loss": "NaN"]])["reason"] as? String
        == "invalid")
    #expect(try served.answer("ask")["ending"] as? String == "budget")
    let summary = try served.answer("summary")
    #expect(summary["trials"] as? Int == 3)
    let best = try #require(try served.answer("best")["best"] as? [String: Any])
    #expect(best["number"] as? Int == 0)
    #expect((best["values"] as? [String: Double]) == ["loss": 2, "size": 7])
    let page = try served.answer("trials", ["limit": 2])
    #expect((page["trials"] as? [[String: Any]])?.count == 2 && page["next"] as? Int == 2)
    let pictures = try served.answer("plot", ["kind": "history"])["pictures"] as? [[String: Any]]
    #expect((pictures?.first?["svg"] as? String)?.hasPrefix("<svg") == true)
    try served.answer("end")
    #expect(served.waitForEnd() == 0)
    // The store is that of every other command.
    #expect(try tool.states() == ["complete", "failed", "failed"])
  }

  @Test func errorsAreData() throws {
    let served = try ServedProcess(in: tool)
    try served.send("no JSON")
    let reply = try served.line()
    #expect(reply["id"] is NSNull)
    #expect((reply["error"] as? [String: String])?["kind"] == "protocol")
    #expect(try served.error("open").what.contains("hello"))
    #expect(try served.error("hello", ["protocol": 99]).what.contains("version 1"))
    #expect(try served.error("hello", ["protocol": 1, "colour": 2]).remedy.contains("protocol"))
    try served.answer("hello", ["protocol": 1])
    #expect(try served.error("ask").what == "no study is open")
    #expect(try served.error("asks").remedy == "did you mean `ask`?")
    var wrong = study
    wrong["sampler"] = "tpee"
    #expect(try served.error("open", wrong).remedy.contains("tpe"))
    wrong = study
    wrong["parameters"] = ["x=float(2, 1)"]
    #expect(try served.error("open", wrong).kind == "usage")
    #expect(try served.error("open", ["store": "none.db"]).what.contains("none.db"))
    #expect(!tool.has("none.db"))
    try served.answer("open", study)
    #expect(try served.error("tell", ["trial": 0, "values": ["loss": 1]]).what.contains("trial 0"))
    #expect(try served.error("tell", ["trial": "0"]).what.contains("`trial`"))
    #expect(try served.error("report", ["trial": 0, "epoch": 1]).what.contains("`values`"))
    #expect(try served.error("enqueue", ["params": ["y": 1]]).what.contains("`y`"))
    #expect(try served.error("plot", ["kind": "hisory"]).remedy.contains("history"))
    // All that was refused, and it serves.
    #expect(try served.ask()["number"] as? Int == 0)
    try served.answer("end")
    #expect(served.waitForEnd() == 0)
  }

  @Test func theStudyThatIsThere() throws {
    let first = try open()
    _ = try first.ask()
    try first.answer("tell", ["trial": 0, "values": ["loss": 1]])
    // Another process works on it at the same time.
    let second = try open()
    let other = try second.ask()
    let mine = try first.ask()
    #expect(other["number"] as? Int == 1 && mine["number"] as? Int == 2)
    try second.answer("tell", ["trial": 1, "values": ["loss": 0.5]])
    #expect(
      ((try first.answer("best")["best"]) as? [String: Any])?["number"] as? Int == 1)
    let third = try ServedProcess(in: tool)
    try third.answer("hello", ["protocol": 1])
    var wrong = study
    wrong["store"] = "outerloop.db"
    wrong["parameters"] = ["x=float(-5, 11)", "opt=choice(sgd, adam)"]
    #expect(try third.error("open", wrong).what.contains("another space"))
    let opened = try third.answer("open", ["store": "outerloop.db", "study": "study"])
    #expect(opened["isNew"] as? Bool == false && opened["trials"] as? Int == 3)
    for served in [first, second, third] { try served.answer("end") }
    // What was given back is there to be run again.
    #expect(try tool.states() == ["complete", "complete", "waiting"])
  }

  @Test func endOfInput() throws {
    let served = try open()
    _ = try served.ask()
    try served.answer("report", ["trial": 0, "epoch": 1, "values": ["loss": 4]])
    try served.closeInput()
    #expect(served.waitForEnd() == 0)
    let trial = try #require(try tool.trials().first)
    #expect(trial["state"] as? String == "waiting" && trial["attempts"] as? Int == 1)
    let again = try open()
    #expect(try again.ask()["attempt"] as? Int == 2)
    try again.answer("end")
  }

  @Test func killed() throws {
    let served = try open()
    _ = try served.ask()
    kill(served.process.processIdentifier, SIGKILL)
    _ = served.waitForEnd()
    let again = try open()
    let trial = try again.ask()
    #expect(trial["number"] as? Int == 0 && trial["attempt"] as? Int == 2)
    try again.answer("end")
  }

  /// A child of the parent may hold the pipe open: the parent's death is noticed all the same. (The child has nothing
  /// else of the parent, whose end `Process` sees when that is closed.)
  @Test func deathOfTheParent() throws {
    let script = """
      mkfifo requests
      exec 3<>requests
      "$0" serve --stdio <&3 >replies & echo $! >pid
      echo '{"id":1,"op":"hello","protocol":1}' >&3
      echo '{"id":2,"op":"open","store":"outerloop.db","objectives":[{"metric":"loss"}],"parameters":["x=float(0, 1)"]}' >&3
      echo '{"id":3,"op":"ask"}' >&3
      while ! grep -q '"id":3' replies; do sleep 0.05; done
      python3 -c 'import os, time; os.closerange(4, 256); time.sleep(100)' & echo $! >child
      kill -9 $$
      """
    let ending = try tool.run([], shell: script)
    #expect(ending.isSignal)
    let pid = try #require(
      Int32(try tool.text("pid").trimmingCharacters(in: .whitespacesAndNewlines)))
    for _ in 0..<200 where kill(pid, 0) == 0 { usleep(20_000) }
    #expect(kill(pid, 0) != 0, "it serves nobody")
    let child = try #require(
      Int32(try tool.text("child").trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(kill(child, SIGKILL) == 0, "the pipe was closed")
    #expect(try tool.states() == ["waiting"])
  }

  /// A request that takes long, here for a file that another process locks, does not outlive who asked.
  @Test func endsDuringARequest() throws {
    let script = """
      mkfifo requests
      exec 3<>requests
      "$0" serve --stdio <&3 >replies & served=$!
      echo '{"id":1,"op":"hello","protocol":1}' >&3
      echo '{"id":2,"op":"open","store":"outerloop.db","objectives":[{"metric":"loss"}],"parameters":["x=float(0, 1)"]}' >&3
      while ! grep -q '"id":2' replies; do sleep 0.05; done
      python3 -c 'import sqlite3, time
      store = sqlite3.connect("outerloop.db", isolation_level=None)
      store.execute("BEGIN EXCLUSIVE")
      print(flush=True)
      time.sleep(60)' >locked & holder=$!
      while ! [ -s locked ]; do sleep 0.05; done
      echo '{"id":3,"op":"ask"}' >&3
      sleep 0.5
      kill -TERM $served
      for look in $(seq 200); do kill -0 $served 2>/dev/null || break; sleep 0.1; done
      ! kill -0 $served 2>/dev/null; echo $? >alive
      kill -9 $holder $served 2>/dev/null
      grep -c '"id":3' replies >answered
      true
      """
    #expect(try tool.run([], shell: script).status == 0)
    #expect(try tool.text("alive") == "0\n")
    #expect(try tool.text("answered") == "0\n", "the request was not under way any more")
  }

  @Test func interruptsAreLeftToTheParent() throws {
    let served = try open()
    _ = try served.ask()
    for signal in [SIGINT, SIGINT, SIGHUP] { kill(served.process.processIdentifier, signal) }
    #expect(
      try served.answer("tell", ["trial": 0, "values": ["loss": 1]])["state"] as? String
        == "complete")
    _ = try served.ask()
    kill(served.process.processIdentifier, SIGTERM)
    #expect(served.waitForEnd() == 0)
    #expect(try tool.states() == ["complete", "waiting"])
  }

  /// A lease is renewed for as long as the process lives, and no longer.
  @Test func leases() throws {
    let served = try open(["lease": 0.6])
    _ = try served.ask()
    usleep(1_500_000)
    let other = try open()
    #expect(try other.ask()["number"] as? Int == 1)
    #expect(try served.answer("renew")["held"] as? [Int] == [0])
    kill(served.process.processIdentifier, SIGSTOP)
    usleep(1_500_000)
    #expect(try other.ask()["number"] as? Int == 0)
    kill(served.process.processIdentifier, SIGCONT)
    let late = try served.answer("report", ["trial": 0, "epoch": 1, "values": ["loss": 4]])
    #expect(late["goesOn"] as? Bool == false && late["reason"] as? String == "lost")
    for served in [served, other] { try served.answer("end") }
  }

  @Test func epochs() throws {
    let served = try open(["epochs": 9, "scheduler": "halving:factor=3"], store: nil)
    try served.answer("budget", ["epochs": 60])
    var states: [String] = []
    while let trial = try served.answer("ask")["trial"] as? [String: Any] {
      let (number, from) = (trial["number"] as? Int ?? -1, trial["fromEpoch"] as? Int ?? 0)
      for epoch in (from + 1)...(trial["toEpoch"] as? Int ?? 0) {
        let report =
          ["trial": number, "epoch": epoch, "values": ["loss": number + 10 - epoch]]
          as [String: Any]
        guard try served.answer("report", report)["goesOn"] as? Bool == true else { break }
      }
      let told = try served.answer("tell", ["trial": number, "keepsCheckpoint": true])
      states.append(told["state"] as? String ?? "")
    }
    #expect(states.contains("paused") && states.contains("complete"), "\(states)")
    try served.answer("end")
  }

  /// Checkpoints are kept as those of programs are: what was announced can be checked, and is, before a trial goes on.
  @Test(arguments: [nil, "elsewhere"] as [String?])
  func checkpoints(folder: String?) throws {
    var fields: [String: Any] = ["epochs": 9, "scheduler": "none"]
    fields["checkpoints"] = folder
    let served = try open(fields)
    let trial = try served.ask()
    let place = try #require(trial["checkpoint"] as? String)
    #expect(place.hasSuffix(folder.map { "/\($0)/0" } ?? "trials/study/0/checkpoint"))
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    func report(_ epoch: Int, by process: ServedProcess) throws {
      try process.answer("report", ["trial": 0, "epoch": epoch, "values": ["loss": 10 - epoch]])
    }
    func save(_ epoch: Int) throws {
      try Data("state \(epoch)".utf8).write(
        to: URL(fileURLWithPath: place + "/state"), options: .atomic)
      let announced = ["trial": 0, "epoch": epoch, "path": "state"] as [String: Any]
      #expect(try served.answer("checkpoint", announced)["goesOn"] as? Bool == true)
    }
    func best() throws -> [String: Any]? {
      try tool.run(["best", "--json"]).object["checkpoint"] as? [String: Any]
    }
    let missing = ["trial": 0, "epoch": 1, "path": "none"] as [String: Any]
    #expect(try served.error("checkpoint", missing).what.contains("none of epoch 1 is not there"))
    #expect(try served.error("checkpoint", ["trial": 0, "epoch": 0]).what.contains("epoch 0"))
    for epoch in 1...3 {
      try report(epoch, by: served)
      try save(epoch)
    }
    try served.answer("end")
    // What is on disk is not what was announced: it is restored from the second link.
    try Data("rubbish".utf8).write(to: URL(fileURLWithPath: place + "/state"), options: .atomic)
    let again = try open(fields)
    #expect(try again.ask()["fromEpoch"] as? Int == 3)
    #expect(try String(contentsOfFile: place + "/state", encoding: .utf8) == "state 3")
    try again.answer("end")
    // Where both are damaged, the one before is taken.
    let kept = tool.file("outerloop.trials/study/0/kept")
    for path in [place + "/state", kept + "/3"] {
      try Data("rubbish".utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
    let third = try open(fields)
    #expect(try third.ask()["fromEpoch"] as? Int == 2)
    for epoch in 3...9 { try report(epoch, by: third) }
    try Data("state 9".utf8).write(to: URL(fileURLWithPath: place + "/state"), options: .atomic)
    try third.answer("checkpoint", ["trial": 0, "epoch": 9, "path": "state"])
    #expect(try third.answer("tell", ["trial": 0])["state"] as? String == "complete")
    #expect(try best()?["state"] as? String == "whole")
    #expect((try best()?["path"] as? String)?.hasSuffix("/state") == true)
    let written = try third.answer("results", ["folder": tool.file("results")])
    #expect((written["notes"] as? [String])?.isEmpty == true)
    #expect(try tool.text("results/checkpoints/trial-0-epoch-9/state") == "state 9")
    try third.answer("end")
  }

  @Test func parametersNamedAsTrialsRun() throws {
    let fields: [String: Any] = [
      "growing": true, "objectives": [["metric": "loss", "direction": "minimize"]], "seed": 4,
    ]
    let served = try ServedProcess.open(in: tool, fields)
    let other = try ServedProcess.open(in: tool, fields)
    for number in 0..<12 {
      let (one, two) = (try served.ask(), try other.ask())
      for (process, trial) in [(served, one), (other, two)] {
        let domain: [String: Any] = ["type": "float", "low": 0.1, "high": 1.0, "log": true]
        let id = trial["number"] as? Int ?? -1
        let value = try process.answer("suggest", ["trial": id, "name": "lr", "domain": domain])
        let lr = try #require(value["value"] as? Double)
        #expect(lr >= 0.1 && lr <= 1)
        if number % 2 == 1 {
          try process.answer(
            "suggest", ["trial": id, "name": "n", "domain": "int(1, \(5 + number))"])
        }
        try process.answer("tell", ["trial": id, "values": ["loss": lr]])
      }
    }
    let parameters = try served.answer("describe")["parameters"] as? [String: String]
    #expect(parameters == ["lr": "float(0.1, 1.0, log)", "n": "int(1, 16)"])
    #expect(
      try served.error("suggest", ["trial": 0, "name": "lr", "domain": "float(0, 1)"]).what
        .contains("trial 0"))
    // Values of parameters that are not known yet wait for them.
    try served.answer("enqueue", ["params": ["lr": 0.5, "late": "b"]])
    let trial = try served.ask()["number"] as? Int ?? -1
    let late = try served.answer(
      "suggest", ["trial": trial, "name": "late", "domain": "choice(a, b)"])
    #expect(late["value"] as? String == "b")
    #expect(
      try served.error("suggest", ["trial": trial, "name": "late", "domain": "int(1, 2)"]).kind
        == "usage")
    for process in [served, other] { try process.answer("end") }
    #expect(try tool.trials().count == 25)
  }

  @Test func knownResultsAndHints() throws {
    let served = try open(["sampler": "tpe"])
    let known = ["params": ["x": 2.0, "opt": "sgd"], "values": ["loss": 0.5]] as [String: Any]
    #expect(try served.answer("add", known)["number"] as? Int == 0)
    try served.answer("hint", ["priors": ["x=2±1"]])
    try served.answer("extend", ["parameters": ["x=float(-10, 10)"]])
    #expect(
      (try served.answer("describe")["parameters"] as? [String: String])?["x"]
        == "float(-10.0, 10.0)")
    try served.answer("results", ["folder": tool.file("results")])
    #expect(tool.has("results/best.json"))
    try served.answer("end")
  }
}
