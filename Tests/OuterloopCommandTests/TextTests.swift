import Testing

@testable import OuterloopCommand

@Suite struct TextTests {
  @Test(arguments: [
    (0.0, "0s"), (0.2, "1s"), (59, "59s"), (59.5, "1m00s"), (192, "3m12s"), (3600, "1h00m"),
    (7500, "2h05m"), (.infinity, "very long"), (.nan, "very long"),
  ])
  func times(_ seconds: Double, _ text: String) {
    #expect(Progress.time(seconds) == text)
  }

  @Test(arguments: [
    ("plain", "plain"), ("a/b-c_d.e=1", "a/b-c_d.e=1"), ("", "''"), ("two words", "'two words'"),
    ("it's", "'it'\\''s'"), ("$HOME", "'$HOME'"),
  ])
  func words(_ word: String, _ quoted: String) {
    #expect(CommandText.quoted(word) == quoted)
  }

  @Test func complaints() {
    let complaint = Complaint("what", hint: "remedy")
    #expect(complaint.text(color: false) == "error: what\n\nhint: remedy")
    #expect(complaint.text(color: true) == "\u{1B}[1;31merror:\u{1B}[0m what\n\nhint: remedy")
    #expect(Complaint(CancellationError()).status == 130)
  }
}
