import OuterloopPlatform
import OuterloopText
import Testing

@testable import OuterloopDashboard

@Suite("Files of a trial") struct TrialFileTests {
  /// A folder that goes with the test.
  private final class Folder {
    let path: String
    init() throws {
      var name = Array("/tmp/outerloop-dashboard-XXXXXX".utf8CString)
      guard mkdtemp(&name) != nil else { throw RequestError(.failed, "no folder", "") }
      path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
    deinit { _ = system("rm -rf '\(path)'") }
    func run(_ script: String) { #expect(system("cd '\(path)' && \(script)") == 0) }
  }

  @Test("no path leaves the folder") func paths() async throws {
    let folder = try Folder()
    folder.run(
      """
      echo secret > secret.txt; mkdir -p study/3/checkpoint/sub; cd study/3/checkpoint; \
      echo hello > a.txt; echo deep > sub/b.txt; ln -s ../../../secret.txt link.txt; ln -s /etc out; \
      mkfifo pipe; echo x > '..hidden'; printf 'a,b\\n1,2\\n' > t.csv
      """)
    let fixture = try await Fixture(folder: folder.path)
    let place = "/api/v1/studies/1/trials/3"
    let files = try await fixture.json(place)["files"]?.array?.compactMap { $0["path"]?.text }
    #expect(files == ["..hidden", "a.txt", "sub/b.txt", "t.csv"])
    let file = try await fixture.get("\(place)/files/sub/b.txt")
    #expect(file.text == "deep\n")
    #expect(file[header: "Content-Security-Policy"]?.contains("sandbox") == true)
    for path in [
      "link.txt", "out/passwd", "pipe", "../log.txt", "..%2F..%2F..%2Fsecret.txt",
      "sub%2F..%2F..%2F..%2F..%2Fsecret.txt", "sub", ".", "..", "%2Fetc%2Fpasswd", "missing",
    ] {
      #expect(try await fixture.get("\(place)/files/\(path)").status == .notFound, "\(path)")
    }
  }

  @Test("markup is never served as a page") func types() throws {
    let folder = try Folder()
    folder.run("for f in a.html a.svg a.js a.md a.PNG a noending.; do echo x > $f; done")
    let types = Dictionary(
      uniqueKeysWithValues: TrialFile.all(in: folder.path).map { ($0.path, $0.type) })
    #expect(types["a.html"] == "application/octet-stream")
    #expect(types["a.js"] == "application/octet-stream")
    #expect(types["a.PNG"] == "image/png")
    #expect(types["a.md"] == "text/plain; charset=utf-8")
    #expect(types["a"] == "application/octet-stream")
  }

  @Test("a log comes in pieces of whole characters") func log() async throws {
    let folder = try Folder()
    folder.run("mkdir -p study/3; for i in $(seq 1 30000); do echo \"é$i\"; done > study/3/log.txt")
    let fixture = try await Fixture(folder: folder.path)
    let place = "/api/v1/studies/1/trials/3/log"
    var (from, text) = (0, "")
    while true {
      let piece = try await fixture.json("\(place)?from=\(from)")
      text += try #require(piece["text"]?.text)
      from = try #require(piece["to"]?.int)
      if from == piece["size"]?.int { break }
    }
    #expect(text == (1...30000).map { "é\($0)\n" }.joined())
    let end = try await fixture.json(place)
    #expect(end["text"]?.text?.hasSuffix("é30000\n") == true)
    #expect(end["to"]?.int == from)
  }

  @Test("pieces of UTF-8 are cut between characters") func pieces() {
    let bytes = Array("aé€😀z".utf8)
    for start in 0...bytes.count {
      for end in start...bytes.count {
        let piece = Array(bytes[start..<end])
        let (low, high) = UTF8Piece.bounds(of: piece, isEnd: end == bytes.count)
        guard low <= high else { continue }
        let whole = String(validating: piece[low..<high], as: UTF8.self)
        #expect(whole != nil || end == bytes.count, "\(start)..<\(end)")
      }
    }
  }
}
