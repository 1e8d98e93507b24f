import Foundation
import Testing

@testable import OuterloopCommand

/// What engines are given, as values.
@Suite struct LaunchRequestTests {
  private static let address = "postgres://me:s3cret@db.example:5432/outerloop"

  private func request(_ study: String = "s", _ store: String = address) -> LaunchRequest {
    LaunchRequest(study: study, store: StoreAddress(store, in: "/here"), executable: "outerloop")
  }

  @Test(arguments: [
    (address, true), ("postgres://me@db/x", false), ("postgres://db:5432/x", false),
    ("postgres://db/x?user=me&password=p", true), ("postgres://me:p%40ss@db/x", true),
    ("runs:1.db", false), ("/a:b@c.db", false), ("postgres://me:p@ss@db/x", true),
  ])
  func passwords(_ store: String, _ has: Bool) {
    #expect(StoreAddress(store, in: nil).hasPassword == has)
  }

  @Test func files() {
    #expect(StoreAddress("runs.db", in: "/here").text == "/here/runs.db")
    #expect(StoreAddress("/runs.db", in: "/here").text == "/runs.db")
    #expect(StoreAddress("postgres://db/x", in: "/here").text == "postgres://db/x")
  }

  /// A password stands in no script, program or manifest.
  @Test func passwordsStayOut() throws {
    let script = SlurmScript(request: request(), here: "/h", folder: "/h/my logs", options: [])
    let text = try script.text()
    #expect(script.storeFile == "/h/my logs/store")
    #expect(
      text.contains(
        "OUTERLOOP_STORE=$(cat -- '/h/my logs/store') || exit 1\nexport OUTERLOOP_STORE\n"))
    let ray = try RayProgram(request: request(), address: nil).text()
    #expect(ray.contains("STORE = os.environ[\"OUTERLOOP_STORE\"]\n"))
    let manifest = try KubernetesManifest(
      request: request(), image: "i", namespace: nil, secret: "x", volume: nil
    ).text()
    for text in [text, ray, manifest] {
      #expect(!text.contains("s3cret") && !text.contains("--store"))
    }
    // Without a password it is plain.
    let open = SlurmScript(
      request: request("s", "postgres://me@db/x"), here: "/h", folder: "/h", options: [])
    #expect(try open.text().contains("--store postgres://me@db/x "))
    #expect(open.storeFile == nil)
  }

  @Test func privateFiles() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
      .path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try PrivateFile.makeFolder(folder + "/a/b")
    for text in [Self.address, "shorter"] {
      try PrivateFile.write(text, to: folder + "/a/b/store")
      #expect(try String(contentsOfFile: folder + "/a/b/store", encoding: .utf8) == text)
    }
    let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/a/b/store")
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(throws: CommandError.self) { try PrivateFile.write("x", to: folder + "/none/store") }
  }

  /// Names of jobs: different for different studies and stores, and fit for all engines.
  @Test(arguments: ["study", "it's a \"study\"", "日本", "-", String(repeating: "long ", count: 40)])
  func names(_ study: String) {
    let name = request(study).name
    #expect(name.hasPrefix("outerloop-") && name.utf8.count <= 63)
    #expect(
      name.utf8.allSatisfy {
        ("a"..."z").contains(Character(UnicodeScalar($0)))
          || ("0"..."9").contains(Character(UnicodeScalar($0))) || $0 == 0x2D
      })
    #expect(name != request(study, "/other.db").name)
    #expect(name != request(study + "2").name)
    #expect(!name.contains("--"))
  }

  /// What bash reads out of a script is what was put in.
  @Test(arguments: [
    "plain", "it's \"quoted\"", "line\nend", "tab\tand \\", "$(touch x) `y` $HOME", "ü — 日本", "-q",
    "",
  ])
  func shellWords(_ word: String) throws {
    var request = request(word, "/a b/it's.db")
    request.directory = word.isEmpty ? nil : word
    let text = try SlurmScript(request: request, here: "/h", folder: "/h", options: []).text()
    let line = try #require(
      text.components(separatedBy: "\n").first { $0.hasPrefix("  exec ") }?.dropFirst(7))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", "printf '%s\\0' \(line)"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let words = String(decoding: data, as: UTF8.self).split(
      separator: "\0", omittingEmptySubsequences: false)
    let expected = try request.words(namesStore: true)
    #expect(words.dropLast().map(String.init) == expected)
  }

  @Test func directives() throws {
    let script = SlurmScript(
      request: request(), here: "/my \"home\" \\ #1", folder: "/100%", options: ["--nice=1"])
    let text = try script.text()
    #expect(text.contains("#SBATCH --chdir=\"/my \\\"home\\\" \\\\ #1\"\n"))
    #expect(text.contains("#SBATCH --output=/100%%/%A_%a.log\n"))
    #expect(throws: CommandError.self) {
      try SlurmScript(request: request(), here: "/line\nend", folder: "/h", options: []).text()
    }
    #expect(throws: CommandError.self) {
      try SlurmScript(request: request(), here: "/h", folder: "/h", options: ["--a\n#SBATCH --b"])
        .text()
    }
  }

  @Test(arguments: [(1.0, "0-00:01:00"), (3600, "0-01:00:00"), (93_784, "1-02:04:00")])
  func times(_ seconds: Double, _ text: String) { #expect(SlurmScript.time(seconds) == text) }

  @Test func sharesOfWorkers() throws {
    func words(_ gpus: Int?, _ parallel: Int) throws -> String {
      var request = request("s", "/a.db")
      (request.gpus, request.parallel) = (gpus, parallel)
      return try request.words(namesStore: true).joined(separator: " ")
    }
    #expect(try words(4, 2).contains("--parallel 2 --gpus all --gpus-per-trial 2 "))
    #expect(try words(1, 4).contains("--parallel 4 --gpus all --gpus-per-trial 0.25 "))
    // One trial has all that its worker has.
    #expect(try !words(4, 1).contains("--gpus"))
    #expect(try !words(nil, 4).contains("--gpus"))
    #expect(throws: CommandError.self) { try words(3, 2) }
  }
}
