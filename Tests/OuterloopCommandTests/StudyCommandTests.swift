import Foundation
import Testing

/// Commands about studies that are there: ask and tell, lists, exports.
@Suite(.serialized) struct StudyCommandTests {
  private let tool = Tool()

  private static let study = [
    "--param", "x=float(0, 1)", "--param", "y=int(1, 9) if x > 2", "--minimize", "loss",
  ]

  @Test func asksAndTells() throws {
    let first = try tool.object(["ask", "--json", "--trials", "4"] + Self.study)
    #expect(
      Set(first.keys) == [
        "study", "number", "attempt", "params", "fromEpoch", "toEpoch", "seed", "lease",
      ])
    #expect(first["number"] as? Int == 0)
    #expect((first["params"] as? [String: Any])?.keys.sorted() == ["x"])
    #expect(try tool.run(["tell", "--trial", "0", "loss=0.5"]).out == "trial 0 complete\n")
    #expect(
      try tool.failure(["tell", "--trial", "0", "loss=0.4"])
        == "error: trial 0 is complete already\n\nhint: it stays as it is; see outerloop trials --study "
        + "study\n")
    // The options may be repeated, but not changed.
    let second = try tool.run(["ask"] + Self.study)
    #expect(second.out.hasPrefix("trial 1\n  x  0."))
    #expect(
      second.err == "\nthen: outerloop tell --study study --trial 1 loss=NUMBER\n")
    #expect(
      try tool.failure(["ask", "--param", "z=float(0, 1)", "--minimize", "loss"]).contains(
        "has a study `study` with another space"))
    #expect(
      try tool.failure(["tell", "--trial", "1", "accuracy=1"], status: 64)
        == "error: the values say nothing about `loss`\n\nhint: add loss=NUMBER\n")
    #expect(
      try tool.failure(["tell", "--trial", "1", "loss"], status: 64).contains(
        "'loss' is not METRIC=NUMBER, as in loss=0.31"))
    #expect(
      try tool.run(["tell", "--trial", "1", "--running", "loss=0.9"]).out == "trial 1 running\n")
    let told = try tool.object(
      ["tell", "--trial", "1", "--failed", "--message", "no memory", "--json"])
    #expect(told["state"] as? String == "failed")
    _ = try tool.run(["ask"])
    #expect(try tool.run(["tell", "--trial", "2", "loss=nan"]).out == "trial 2 failed\n")
    _ = try tool.run(["ask", "--lease", "0.01s"])
    // Its lease runs out at once: the same trial is given again, and the late result still counts.
    usleep(100_000)
    let again = try tool.object(["ask", "--json"])
    #expect(again["number"] as? Int == 3)
    #expect(again["attempt"] as? Int == 2)
    #expect(
      try tool.run(["tell", "--trial", "3", "--attempt", "1", "loss=1"]).out == "trial 3 complete\n"
    )
    #expect(
      try tool.failure(["ask"]).hasPrefix(
        "error: the budget of study `study` is spent\n\nhint: budgets are totals; for more: outerloop ask --study study --"
      ))
    #expect(try tool.failure(["tell", "--trial", "9", "loss=1"]).contains("has no trial 9"))
    let rows = try tool.trials()
    #expect(rows.map { $0["state"] as? String } == ["complete", "failed", "failed", "complete"])
    #expect(rows[1]["message"] as? String == "no memory")
    #expect(rows[2]["reason"] as? String == "invalid")
    #expect(
      try tool.failure(["resume"]).contains(
        "has no program: it was begun with ask, or imported\n\nhint: give it one: outerloop resume")
    )
    let words = ["resume", "--trials", "6", "--", "sh", "-c"]
    #expect(
      try tool.failure(words + ["echo {X}"], status: 64).contains("{X}"))
    #expect(try tool.run(words + ["echo '{\"loss\": {x}}'"]).status == 0)
    #expect(try tool.trials().count == 6)
  }

  @Test func findsStudies() throws {
    #expect(try tool.failure(["trials"]).hasPrefix("error: "))
    #expect(!tool.has("outerloop.db"))
    _ = try tool.run(["ask", "--study", "digits"] + Self.study)
    #expect(try tool.run(["trials"]).status == 0)
    _ = try tool.run(["ask", "--study", "letters"] + Self.study)
    #expect(
      try tool.failure(["trials"])
        == "error: the store outerloop.db has 2 studies: digits, letters\n\nhint: name one of them: --study letters\n"
    )
    #expect(
      try tool.failure(["best", "--study", "digit"])
        == "error: the store outerloop.db has no study `digit`\n\nhint: did you mean `digits`?\n")
    #expect(
      try tool.failure(["best", "--study", "weather"])
        == "error: the store outerloop.db has no study `weather`\n\nhint: the studies are digits, letters\n"
    )
    #expect(
      try tool.failure(["best", "--study", "digits"])
        == "error: study `digits` has no complete trial: 1 running\n\nhint: outerloop trials --study digits\n"
    )
    let rows = try tool.list(["studies", "--json"])
    #expect(rows.map { $0["study"] as? String } == ["digits", "letters"])
    #expect(
      Set(rows[0].keys).isSuperset(of: [
        "study", "sampler", "seed", "objectives", "parameters", "trials", "budget",
      ]))
    #expect(
      try tool.run(["studies"]).out.hasPrefix(
        "study    trials  complete  failed  running  stale  waiting  best"))
    #expect(
      try tool.failure(["delete", "--study", "digits"], status: 64).contains("add --yes to confirm")
    )
    #expect(
      try tool.run(["delete", "--study", "digits", "--yes"]).out
        == "removed study digits with 1 trials\n")
    #expect(try tool.list(["studies", "--json"]).count == 1)
    #expect(
      try tool.failure(["trials", "--state", "lost"], status: 64).contains(
        "there is no state 'lost'; states are waiting"))
  }

  /// The front by the definition: no other trial is at least as good in both and better in one.
  @Test func fronts() throws {
    let ending = try tool.run(
      [
        "tune", "--param", "x=float(0, 1)", "--param", "y=float(0, 1)", "--minimize", "a",
        "--maximize", "b", "--sampler", "random", "--trials", "30", "--seed", "1", "--json",
        "--persistent", "--", "python3", "-c",
        """
        import json, sys
        for line in sys.stdin:
            p = json.loads(line)["params"]
            print(json.dumps({"a": round(p["x"], 1) + p["y"] / 9, "b": p["x"] * 2}))
            print('{"done": true}')
        """,
      ])
    #expect(ending.status == 0, "\(ending.err)")
    let rows = try tool.trials()
    let points = rows.compactMap { $0["values"] as? [String: Double] }.map {
      ($0["a"] ?? 0, -($0["b"] ?? 0))
    }
    let expected = points.indices.filter { i in
      !points.contains { $0.0 <= points[i].0 && $0.1 <= points[i].1 && $0 != points[i] }
    }
    let front = try tool.object(["front", "--json"])
    let numbers = try #require(front["front"] as? [[String: Any]]).compactMap {
      $0["number"] as? Int
    }
    #expect(Set(numbers) == Set(expected))
    #expect(numbers == numbers.sorted { points[$0].0 < points[$1].0 })
    #expect(front["best"] is NSNull)
    #expect(try tool.failure(["best"]).contains("hint: outerloop front --study study"))
    #expect(try tool.run(["front"]).out.hasPrefix("trial  "))
  }

  @Test func exports() throws {
    _ = try tool.run([
      "tune", "--param", "name=choice('a,b', 'say \"x\"')", "--param",
      "m=float(0, 1) if name == 'a,b'", "--minimize", "loss", "--sampler", "random", "--seed", "3",
      "--trials", "8", "--", "sh", "-c", "echo '{\"loss\": {trial}, \"extra\": NaN}'",
    ])
    let csv = try tool.run(["export"]).out
    try tool.write(csv, "trials.csv")
    // Read back by another reader.
    let read = try tool.run(
      [],
      shell: """
        python3 -c "import csv, json; print(json.dumps(list(csv.DictReader(open('trials.csv')))))"
        """)
    let rows = try read.json(as: [[String: String]].self)
    #expect(rows.count == 8)
    #expect(Set(rows.compactMap { $0["param.name"] }) == ["a,b", "say \"x\""])
    for row in rows { #expect((row["param.m"] == "") == (row["param.name"] != "a,b")) }
    let object = try tool.object(["export", "--format", "json"])
    let trials = try #require(object["trials"] as? [[String: Any]])
    let report = try #require((trials[2]["reports"] as? [[String: Any]])?.first)
    #expect((report["values"] as? [String: Any])?["extra"] as? String == "NaN")
    #expect(object["space"] is [String: Any])
    let lines = try tool.run(["export", "--format", "jsonl"]).out.split(separator: "\n")
    let numbers = try lines.map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return object?["number"] as? Int
    }
    #expect(numbers == Array(0..<8))
    #expect(try tool.run(["export", "--out", "there.csv"]).out.isEmpty)
    #expect(try tool.text("there.csv") == csv)
    #expect(
      try tool.failure(["export", "--out", "no/where.csv"]).contains(
        "`no/where.csv` cannot be written: No such file or directory"))
  }

  /// Out to a database of Optuna and in again: the same trials.
  @Test func goesToOptunaAndBack() throws {
    _ = try tool.run([
      "tune", "--param", "x=log(0.1, 1)", "--param", "n=int(1, 3) if x > 0.3", "--minimize", "loss",
      "--seed", "3", "--trials", "6", "--", "sh", "-c", "echo '{\"loss\": {x}}'",
    ])
    #expect(
      try tool.failure(["export", "--format", "optuna"], status: 64).contains("name it by --out"))
    #expect(try tool.run(["export", "--format", "optuna", "--out", "other.db"]).status == 0)
    #expect(
      try tool.failure(["export", "--format", "optuna", "--out", "other.db"]).contains("already"))
    #expect(try tool.failure(["import", "other.db"]).contains("--name NAME"))
    #expect(try tool.failure(["import", "outerloop.db"]).contains("not a file of Optuna"))
    #expect(
      try tool.run(["import", "other.db", "--name", "copy"]).out == "study copy with 6 trials\n")
    #expect(
      try tool.run(["export", "--study", "copy"]).out
        == tool.run(["export", "--study", "study"]).out)
    #expect(try tool.run(["resume", "--study", "study", "--trials", "7"]).status == 0)
  }

  /// The shells take the scripts for theirs, those of them that are here.
  @Test(arguments: ["bash", "zsh", "fish"])
  func completions(_ shell: String) throws {
    let script = try tool.run(["--generate-completion-script", shell])
    #expect(script.status == 0)
    #expect(script.out.contains("trial-timeout"))
    try tool.write(script.out, "script")
    let check = "! command -v \(shell) > /dev/null || \(shell) -n script"
    #expect(try tool.run([], shell: check).status == 0)
  }
}
