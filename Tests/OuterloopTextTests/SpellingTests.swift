import OuterloopText
import Testing

@Suite struct SpellingTests {
  /// A third of the letters may differ; two that changed places count once.
  @Test(arguments: [
    ("tuen", "tune"), ("Width", "width"), ("widht", "width"), ("lerning-rate", "learning-rate"),
    ("optimiser", "optimizer"), ("l", "lr"), ("rate", "rate"),
  ]) func meant(_ word: String, _ name: String) {
    let names = ["width", "tune", "learning-rate", "optimizer", "lr", "rate", "trials"]
    #expect(Spelling.nearest(to: word, among: names) == name)
  }

  @Test(arguments: ["", "xyz", "etnu", "depth", String(repeating: "width", count: 20)])
  func notMeant(_ word: String) {
    #expect(Spelling.nearest(to: word, among: ["width", "tune"]) == nil)
    #expect(
      Spelling.remedy(for: word, among: ["width", "tune"], called: "names")
        == "the names are width, tune")
  }
}
