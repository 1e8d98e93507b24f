import OuterloopText
import Testing

@Suite struct VisibleTextTests {
  @Test(arguments: [
    ("plain", "plain"), ("", ""), ("größer 日本語 🙂 e\u{301}", "größer 日本語 🙂 e\u{301}"),
    ("a\nb\tc\rd", "a\\nb\\tc\\rd"), ("\r\n", "\\r\\n"), ("\u{1b}[31mred", "\\u001b[31mred"),
    ("\0", "\\u0000"), ("\u{7f}\u{80}\u{9b}", "\\u007f\\u0080\\u009b"),
    ("\u{202e}txt\u{2066}\u{200f}\u{61c}", "\\u202etxt\\u2066\\u200f\\u061c"),
    ("\u{2028}\u{2029}", "\\u2028\\u2029"), ("\u{a0}\u{200d}", "\u{a0}\u{200d}"),
  ])
  func isShown(_ text: String, _ shown: String) { #expect(text.visible == shown) }

  @Test func linesStay() {
    #expect("a\n\tb\u{1b}\r".visibleLines == "a\n\tb\\u001b\\r")
    #expect("a\rb\u{7}".escaped(sparing: ["\r"]) == "a\rb\\u0007")
  }

  /// Nothing that a terminal obeys is left, whatever the text.
  @Test func everyScalar() {
    for value in UInt32(0)...0x3000 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let shown = String(scalar).visible
      #expect(shown == shown.visible)
      let isControl = scalar.properties.generalCategory == .control
      #expect(!isControl || shown.hasPrefix("\\"), "\(value)")
    }
  }
}
