import Foundation
import Testing

@testable import OuterloopCommand

/// What people look at: trials sorted, filtered and whole, logs, and nothing that a terminal obeys.
@Suite(.serialized) struct LookingCommandTests {
  private let tool = Tool()

  private func numbers(_ words: [String]) throws -> [Int] {
    let listed = try tool.trials(words).compactMap { $0["number"] as? Int }
    // The table has the same rows.
    let rows = try tool.run(["trials"] + words).out.split(separator: "\n").dropFirst()
    let shown = rows.compactMap { Int($0.split(separator: " ").first ?? "") }
    #expect(shown == listed)
    return listed
  }

  /// Eight trials of a grid; the loss is the number, trial 5 fails.
  private func tune() throws {
    let program = """
      import json, sys
      n = int(sys.argv[1])
      print("line one of", n)
      if n == 5: sys.exit("no luck")
      print(json.dumps(dict(loss=n, size=10 - n)))
      print("end", file=sys.stderr)
      """
    let ending = try tool.run([
      "tune", "--param", "n=int(0, 7)", "--minimize", "loss", "--sampler", "grid", "-q", "--",
      "python3", "-c", program, "{n}",
    ])
    #expect(ending.status == 0, "\(ending.err)")
    #expect(ending.err.isEmpty)
  }

  @Test func listsAreSortedAndFiltered() throws {
    try tune()
    let parameter = try tool.trials().map {
      ($0["params"] as? [String: Int])?["n"] ?? -1
    }
    // The numbers of trials by their n.
    let trial = (0..<8).map { n in parameter.firstIndex(of: n) ?? -1 }
    #expect(try numbers(["--sort", "n"]) == trial)
    #expect(try numbers(["--sort", "n", "--reverse"]) == trial.reversed())
    #expect(try numbers(["--reverse"]) == (0..<8).reversed())
    #expect(try numbers(["--best", "3"]) == Array(trial[..<3]))
    #expect(try numbers(["--where", "loss < 3 and state == complete"]) == trial[..<3].sorted())
    #expect(
      try numbers(["--where", "size <= 4 and n > 5", "--sort", "loss"]) == [trial[6], trial[7]])
    #expect(try numbers(["--state", "failed"]) == [trial[5]])
    #expect(try numbers(["--sort", "loss"]).last == trial[5])
    #expect(try numbers(["--last", "2"]) == [6, 7])
    #expect(try numbers(["--where", "number < 5", "--last", "2"]) == [3, 4])
    #expect(
      try tool.failure(["trials", "--where", "los < 1"], status: 64).contains(
        "there is no column `los`\n\nhint: did you mean `loss`?"))
    #expect(
      try tool.failure(["trials", "--sort", "sise"], status: 64).contains("did you mean `size`?"))
    #expect(
      try tool.failure(["trials", "--best", "2", "--sort", "n"], status: 64).contains(
        "is not an objective"))
    #expect(
      try tool.failure(["trials", "--trial", "1", "--last", "1"], status: 64).contains("--trial"))
    // All metrics are there.
    #expect(
      try tool.run(["trials"]).out.split(separator: "\n")[0].split(separator: " ")
        == ["trial", "state", "loss", "size", "n", "time"])
    let csv = try tool.run(["export"]).out.split(separator: "\n")
    #expect(csv[0].hasPrefix("number,state,reason,value.loss,value.size,param.n,"))
    #expect(csv[1 + trial[2]].hasPrefix("\(trial[2]),complete,,2.0,8.0,2,"))
  }

  @Test func oneTrialWhole() throws {
    try tune()
    let failed = try #require(try numbers(["--state", "failed"]).first)
    let page = try tool.run(["trials", "--trial", "\(failed)"]).out
    #expect(page.hasPrefix("trial \(failed)  failed (error)\n"))
    for part in ["no luck", "parameters\n  n  5", "attempts\n", "log ", "line one of 5"] {
      #expect(page.contains(part), "\(part): \(page)")
    }
    let best = try #require(try numbers(["--best", "1"]).first)
    let object = try tool.object(["trials", "--trial", "\(best)", "--json"])
    #expect(object["number"] as? Int == best)
    #expect((object["values"] as? [String: Double]) == ["loss": 0, "size": 10])
    #expect((object["runs"] as? [Any])?.count == 1)
    #expect(object["stale"] as? Bool == false)
    #expect((object["log"] as? String)?.hasSuffix("/\(best)/log.txt") == true)
    #expect((object["logEnd"] as? String)?.contains("line one of 0") == true)
    #expect(try tool.failure(["trials", "--trial", "99"]).contains("has no trial 99"))
    #expect(try tool.failure(["trials", "--trial", "-1"], status: 64).contains("below 0"))

    let log = try tool.run(["log", "--trial", "\(best)"]).out
    #expect(log.contains("line one of 0\n") && log.contains("end\n"))
    #expect(
      try tool.run(["log", "--trial", "\(best)", "--last", "1"]).out.split(separator: "\n").count
        == 1)
    #expect(try tool.run(["log", "--trial", "\(best)", "--follow"]).out == log)
    let record = try tool.object(["log", "--trial", "\(best)", "--json"])
    #expect(record["text"] as? String == log)
    #expect(Set(record.keys) == ["study", "trial", "state", "log", "text"])
    #expect(try tool.failure(["log", "--trial", "99"]).contains("has no trial 99"))
  }

  /// What comes is printed until the trial ends.
  @Test func logsAreFollowed() throws {
    let running = try tool.start([
      "tune", "--param", "x=float(0, 1)", "--minimize", "loss", "--trials", "1", "--", "sh", "-c",
      #"echo first; until [ -e go ]; do sleep 0.05; done; echo second; printf '\173"loss": 1\175\n'"#,
    ])
    let log = tool.file("outerloop.trials/study/0/log.txt")
    running.wait { FileManager.default.fileExists(atPath: log) }
    let following = try tool.start(["log", "--trial", "0", "--follow"])
    usleep(500_000)
    #expect(following.process.isRunning)
    _ = FileManager.default.createFile(atPath: tool.file("go"), contents: nil)
    let ending = try following.end()
    #expect(ending.status == 0)
    #expect(ending.out.hasPrefix("first\nsecond\n"), "\(ending.out)")
    #expect(ending.err == "trial 0 is complete\n")
    #expect(try running.end().status == 0)
  }

  /// A worker that is gone runs nothing.
  @Test func staleTrials() throws {
    let running = try tool.start([
      "tune", "--param", "x=float(0, 1)", "--minimize", "loss", "--trials", "1", "--", "sleep",
      "60",
    ])
    running.wait { tool.has("outerloop.trials/study/0") }
    #expect(try numbers(["--state", "running"]) == [0])
    kill(running.process.processIdentifier, SIGKILL)
    _ = try running.end()
    #expect(try numbers(["--state", "stale"]) == [0])
    #expect(try numbers(["--where", "state == stale"]) == [0])
    #expect(try numbers(["--state", "running"]).isEmpty)
    #expect(try tool.run(["trials"]).out.contains("stale"))
    let trial = try #require(try tool.trials().first)
    #expect(trial["state"] as? String == "running")
    #expect(trial["stale"] as? Bool == true)
    let study = try #require(try tool.list(["studies", "--json"]).first)
    #expect(study["stale"] as? Int == 1)
    #expect((study["trials"] as? [String: Int]) == ["running": 1])
    let row = try tool.run(["studies"]).out.split(separator: "\n")[1].split(separator: " ")
    #expect(row[..<7] == ["study", "1", "0", "0", "0", "1", "0"])
  }

  @Test func objectivesKeepTheirOrder() throws {
    let ending = try tool.run([
      "tune", "--param", "x=float(0, 1)", "--maximize", "b", "--minimize", "a", "--maximize=c",
      "--minimize", "d", "--trials", "2", "--seed", "1", "--json", "-q", "--", "sh", "-c",
      #"printf '\173"a": 1, "b": 2, "c": 3, "d": 4\175\n'"#,
    ])
    #expect(ending.err.isEmpty)
    let objectives = try #require(ending.object["objectives"] as? [[String: String]])
    #expect(objectives.map { $0["metric"] } == ["b", "a", "c", "d"])
    #expect(
      objectives.map { $0["direction"] } == ["maximize", "minimize", "maximize", "minimize"])
    for words in [["trials"], ["front"]] {
      let heading = try tool.run(words).out.split(separator: "\n")[0].split(separator: " ")
      #expect(heading.filter { ["a", "b", "c", "d"].contains($0) } == ["b", "a", "c", "d"])
    }
    #expect(try tool.run(["export"]).out.contains("value.b,value.a,value.c,value.d,"))
    // Said again in another order they are the same.
    #expect(
      try tool.run([
        "ask", "--param", "x=float(0, 1)", "--minimize", "d", "--minimize", "a", "--maximize", "b",
        "--maximize", "c", "--trials", "9",
      ]).status == 0)
  }

  /// Names, choices, messages and logs with control characters: a row is a row.
  @Test func nothingIsObeyed() throws {
    let evil = "a\nb\u{1b}[31m\u{9b}2J\u{202e}x\t\r\u{7f}"
    // Escaped, since YAML, by which files are read, takes no such characters as they are.
    let choice = evil.unicodeScalars.map { scalar in
      let digits = String(scalar.value, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined()
    let choices = "[\"\(choice)\", \"plain\\nlines\"]"
    let space = #"{"parameters": [{"name": "prompt", "type": "categorical", "choices": "#
    try tool.write("\(space)\(choices)}]}", "s.json")
    let study = "st\nudy\u{1b}"
    let ending = try tool.run([
      "tune", "--study", study, "--space", "s.json", "--minimize", "lo\u{1b}ss", "--trials", "4",
      "--sampler", "random", "--seed", "1", "--", "sh", "-c",
      #"printf 'x\033[31m\n'; printf 'bad\033[0m\nmore\n' >&2; exit 3"#,
    ])
    #expect(ending.status == 1, "\(ending.err)")
    #expect(try isQuiet(ending.err))
    let lines = try tool.run(["trials"]).out
    #expect(lines.split(separator: "\n").count >= 2)
    #expect(try isQuiet(lines))
    let count = try tool.trials().count
    #expect(lines.split(separator: "\n").count == count + 1, "a row a trial")
    #expect(try tool.run(["studies"]).out.split(separator: "\n").count == 2)
    for words in [
      ["studies"], ["best"], ["front"], ["trials", "--trial", "0"], ["trials", "--sort", evil],
      ["trials", "--where", evil], ["best", "--study", evil], ["trials", "--store", evil],
      ["plot", "--objective", evil], ["export", "--out", "\(evil)/a.csv"], ["import", evil],
      ["delete", "--study", study], ["ask"], [evil],
    ] {
      let ending = try tool.run(words)
      #expect(try isQuiet(ending.out), "\(words)")
      #expect(try isQuiet(ending.err), "\(words): \(ending.err)")
    }
    // JSON and logs lose nothing.
    let trial = try #require(try tool.trials().first)
    let prompt = (trial["params"] as? [String: String])?["prompt"]
    #expect(prompt == evil || prompt == "plain\nlines")
    #expect(try tool.run(["log", "--trial", "0"]).out.contains("x\u{1b}[31m\n"))
  }

  private func isQuiet(_ text: String) throws -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      scalar == "\n" || String(scalar) == String(scalar).shown
    }
  }

  /// Every command says nothing but errors.
  @Test func quietCommands() throws {
    _ = try tool.run([
      "ask", "-q", "--param", "x=float(0, 1)", "--minimize", "loss", "--seed", "1",
    ])
    for words in [
      ["tell", "--trial", "0", "loss=1"], ["ask"], ["studies"], ["trials"], ["best"],
      ["log", "--trial", "0"], ["plot"], ["export", "--out", "a.csv"],
      ["export", "--format", "optuna", "--out", "o.db"], ["import", "o.db", "--name", "two"],
      ["delete", "--study", "two", "--yes"], ["version"], ["data", "list"], ["lab", "list"],
    ] {
      let ending = try tool.run(words + ["-q"])
      #expect(ending.status == 0, "\(words): \(ending.err)")
      #expect(ending.err.isEmpty, "\(words): \(ending.err)")
    }
    #expect(try tool.run(["trials", "-q", "--study", "none"]).err.hasPrefix("error: "))
  }

  @Test func wordsThatAreNoText() throws {
    let ending = try tool.run([], shell: "\"$0\" studies --store \"$(printf '\\377.db')\"")
    #expect(ending.status == 64)
    #expect(ending.err.contains("word 3 of the command line is not valid UTF-8"))
    let store = try tool.run([], shell: "OUTERLOOP_STORE=$(printf '\\377.db') \"$0\" studies")
    #expect(store.status == 64)
    #expect(store.err.contains("OUTERLOOP_STORE is not valid UTF-8"))
  }

  @Test(arguments: [
    ("a", 0), ("é", 0), ("aé", 0), ("日", 0),
  ])
  func wholeCharacters(_ text: String, _ rest: Int) {
    #expect(LogPrinter.unfinished(Array(text.utf8)) == rest)
    let bytes = Array(text.utf8)
    guard let last = text.last, !last.isASCII else { return }
    for missing in 1..<String(last).utf8.count {
      #expect(
        LogPrinter.unfinished(Array(bytes.dropLast(missing)))
          == String(last).utf8.count - missing)
    }
  }
}

extension String {
  /// As terminals show it, by the definition of control characters.
  fileprivate var shown: String {
    unicodeScalars.contains {
      $0.properties.generalCategory == .control || (0x202a...0x202e).contains($0.value)
    } ? "" : self
  }
}
