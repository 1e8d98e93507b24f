import Foundation
import Testing

/// What `Documentation/tuning-a-program.md` shows is what happens: its programs are written to files,
/// its commands run in order.
@Suite struct DocumentationTests {
  private let tool = Tool()

  private struct Block {
    var language, text: String
  }

  private func blocks() throws -> [Block] {
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../Documentation/tuning-a-program.md")
    let parts = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "```")
    return stride(from: 1, to: parts.count, by: 2).map { index in
      let lines = parts[index].split(separator: "\n", omittingEmptySubsequences: false)
      return Block(
        language: String(lines[0]), text: lines.dropFirst().joined(separator: "\n"))
    }
  }

  @Test func commandsOfThePage() throws {
    var lastOutput = ""
    var runs = 0
    for block in try blocks() {
      switch block.language {
      case "python":
        let name = try #require(block.text.split(separator: "\n").first?.dropFirst(2))
        try tool.write(block.text, String(name))
      case "sh":
        let ending = try tool.run(script: "set -e\n\(block.text)")
        #expect(ending.status == 0, "\(block.text)\n\(ending.err)")
        lastOutput = ending.out
        runs += 1
      case "" where block.text.hasPrefix("loss "):
        // The numbers are those of the day; the words and the form stay.
        let form = { (text: String) in
          text.split(separator: "\n").map { $0.prefix { !$0.isNumber } }
        }
        #expect(form(lastOutput) == form(block.text))
      default: break
      }
    }
    #expect(runs == 11)
    let rows = try tool.trials(["--study", "epochs"])
    #expect(rows.count == 8)
    #expect(rows.allSatisfy { $0["epoch"] as? Int == 5 })
    let kept = (0..<8).filter { tool.has("outerloop.trials/epochs/\($0)/checkpoint/model.json") }
    #expect(kept.count == 2)
    // Whoever was to stop has answered.
    let states = try tool.states(["--study", "stoppable"])
    #expect(states.contains("pruned") && states.allSatisfy { $0 == "pruned" || $0 == "complete" })
    for trial in 0..<8 { #expect(!tool.has("outerloop.trials/stoppable/\(trial)/log.txt")) }
  }
}
