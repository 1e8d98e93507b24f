import Foundation
import Testing

/// `outerloop dashboard`, `watch` and `report` on studies of the command itself.
@Suite(.serialized) struct DashboardCommandTests {
  private let tool = Tool()

  private static let program = """
    import json, sys
    for line in sys.stdin:
        request = json.loads(line)
        x = request["params"]["x"]
        for epoch in range(request["fromEpoch"] + 1, request["toEpoch"] + 1):
            print(json.dumps({"epoch": epoch, "loss": (x - 0.3) ** 2 + 1 / epoch}))
        print('{"done": true}', flush=True)
    """

  private func words(_ study: String, trials: Int, epochs: Int = 3, parallel: Int = 1) -> [String] {
    [
      "tune", "--study", study, "--sampler", "random", "--seed", "1", "--param", "x=float(0, 1)",
      "--minimize", "loss", "--epochs", "\(epochs)", "--scheduler", "none", "--trials", "\(trials)",
      "--parallel", "\(parallel)", "--persistent", "--no-progress", "--", "python3", "-c",
      Self.program,
    ]
  }

  private func tune(_ study: String, trials: Int) throws {
    let ending = try tool.run(words(study, trials: trials))
    #expect(ending.status == 0, "\(ending.err)")
  }

  /// A dashboard under way, and its address.
  private func serve(_ options: [String] = []) throws -> (running: Tool.Running, url: String) {
    let before = Set(tool.names("."))
    let running = try tool.start(["dashboard", "--port", "0"] + options)
    var url = ""
    running.wait {
      // Its standard output is the new file that ends so.
      let files = Set(tool.names(".")).subtracting(before).filter { $0.hasSuffix(".out") }
      url = files.compactMap { try? tool.text($0) }.first { $0.hasSuffix("\n") } ?? ""
      return !url.isEmpty
    }
    return (running, url.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  private func get(_ address: String) throws -> (status: Int, text: String) {
    let script = """
      import sys, urllib.request, urllib.error
      try:
          with urllib.request.urlopen(sys.argv[1], timeout=30) as answer:
              print(answer.status); sys.stdout.write(answer.read().decode())
      except urllib.error.HTTPError as error:
          print(error.code); sys.stdout.write(error.read().decode())
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script, address]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self)
    let status = text.prefix { $0 != "\n" }
    return (Int(status) ?? 0, String(text.dropFirst(status.count + 1)))
  }

  @Test("the link leads to the studies, and Ctrl-C ends the server alone") func serves() throws {
    try tune("first", trials: 4)
    let (running, url) = try serve()
    #expect(url.hasPrefix("http://127.0.0.1:") && url.hasSuffix("/"))
    #expect(try get(url).text.contains("<!doctype html>"))
    let studies = try get("\(url)api/v1/studies")
    #expect(studies.status == 200 && studies.text.contains("\"name\":\"first\""))
    #expect(try get("\(url)api/v1/studies/1/trials/3").text.contains("\"state\":\"complete\""))
    running.process.interrupt()
    let ending = try running.end()
    #expect(ending.status == 130 && !ending.isSignal)
    #expect(ending.err.isEmpty, "\(ending.err)")
    #expect(try tool.run(["best", "--study", "first"]).status == 0)
  }

  @Test("what cannot be served is said") func refuses() throws {
    let missing = try tool.failure(["dashboard"], status: 1)
    #expect(missing.contains("outerloop.db"))
    try tune("first", trials: 1)
    #expect(try tool.failure(["dashboard", "--port", "70000"], status: 64).contains("70000"))
    #expect(
      try tool.failure(["dashboard", "--host", "192.0.2.1"], status: 1).contains("192.0.2.1"))
    let (running, url) = try serve()
    let port = try #require(URL(string: url)?.port)
    let taken = try tool.failure(["dashboard", "--port", "\(port)"], status: 1)
    #expect(taken.contains("\(port) is taken"))
    running.process.terminate()
    _ = try running.end()
  }

  @Test("others need the token of the link") func token() throws {
    try tune("first", trials: 1)
    let (running, url) = try serve(["--host", "0.0.0.0"])
    let parts = try #require(URLComponents(string: url))
    let token = try #require(parts.queryItems?.first { $0.name == "token" }?.value)
    #expect(token.count == 32)
    let root = "http://127.0.0.1:\(try #require(parts.port))/api/v1"
    #expect(try get(root).status == 401)
    #expect(try get("\(root)?token=\(token)").status == 401)
    running.process.terminate()
    _ = try running.end()
  }

  @Test("workers do not notice viewers, nor that their server is killed") func isNeverInTheWay()
    throws
  {
    try tune("first", trials: 2)
    let (running, url) = try serve()
    // Readers of every kind, all the time.
    let reader = """
      import itertools, os, sys, threading, urllib.request
      root = sys.argv[1] + "api/v1/studies"
      paths = ["", "/2", "/2/trials?sort=loss&reverse=true", "/2/plots/history.svg", "/2/trials/0",
               "/2/plots/curves.svg", "/2/trials.csv"]
      def follow():
          try:
              for line in urllib.request.urlopen(root + "/2/events"): pass
          except Exception: pass
      for _ in range(3): threading.Thread(target=follow, daemon=True).start()
      for count in itertools.count():
          try: urllib.request.urlopen(root + paths[count % len(paths)], timeout=30).read()
          except urllib.error.HTTPError: pass
          except Exception: print(count); os._exit(0)
      """
    try tool.write(reader, "reader.py")
    let work = try tool.start(words("second", trials: 60, epochs: 20, parallel: 4))
    work.wait { tool.has("outerloop.trials/second") || !work.process.isRunning }
    let readers = try (0..<3).map { _ in
      try tool.start([url], shell: "exec python3 reader.py \"$1\"")
    }
    usleep(1_500_000)
    kill(running.process.processIdentifier, SIGKILL)
    let ending = try work.end()
    #expect(ending.status == 0, "\(ending.err)")
    let rows = try tool.trials(["--study", "second"])
    #expect(rows.count == 60)
    #expect(rows.allSatisfy { $0["state"] as? String == "complete" && $0["attempts"] as? Int == 1 })
    for reader in readers {
      reader.process.terminate()
      _ = try reader.end()
    }
    // Nothing is left beside the store that keeps it from shrinking.
    #expect(try tool.run(["best", "--study", "second"]).status == 0)
    let log = tool.has("outerloop.db-wal") ? try tool.data("outerloop.db-wal").count : 0
    #expect(log < 20 << 20)
  }

  @Test("tune serves the study that it runs") func tuneServes() throws {
    var all = words("first", trials: 3)
    all.insert("--dashboard", at: 1)
    let ending = try tool.run(all)
    #expect(ending.status == 0, "\(ending.err)")
    #expect(ending.err.contains("dashboard: http://127.0.0.1:"))
    #expect(ending.err.contains("/study/1"))
  }

  @Test("watch writes a line for each trial that ends, and ends with the study") func watches()
    throws
  {
    try tune("first", trials: 5)
    let ending = try tool.run(["watch", "--study", "first"])
    #expect(ending.status == 0, "\(ending.err)")
    let lines = ending.out.split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines.allSatisfy { $0.hasPrefix("trial ") && $0.contains("complete  loss ") })
    #expect(lines.count { $0.hasSuffix("best") } == 1)
    let once = try tool.run(["watch", "--study", "first", "--once"])
    #expect(once.out.hasPrefix("first  random"))
    #expect(once.out.contains("5 of 5 trials: 5 complete") && !once.out.contains("\u{1b}"))
    #expect(try tool.failure(["watch", "--every", "0"], status: 64).contains("--every"))
  }

  @Test("a report is one file, and replaces nothing unasked") func reports() throws {
    try tune("first", trials: 5)
    let ending = try tool.run(["report", "--out", "first.html"])
    #expect(ending.status == 0 && ending.out == "first.html\n", "\(ending.err)")
    let html = try tool.text("first.html")
    #expect(html.contains("<svg") && html.contains("Best: trial"))
    try tool.write("mine", "mine.html")
    _ = try tool.failure(["report", "--out", "mine.html"], status: 1)
    #expect(try tool.text("mine.html") == "mine")
    #expect(try tool.run(["report", "--out", "mine.html", "--force"]).status == 0)
    #expect(try tool.text("mine.html").contains("<svg"))
    #expect(try tool.run(["report", "--out", "/dev/stdout"]).out.hasPrefix("<!doctype html>"))
  }
}
