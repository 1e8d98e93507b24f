import Foundation
import Testing

/// The pages of `Documentation/tutorial`: their programs are those that are built here, and what
/// they show as printed is what is printed, but for digits that depend on the machine.
struct TutorialTests {
  /// Pages, with the program that prints what they show.
  private static let pages = [
    ("1-tracing", "TutorialProgram"), ("2-derivatives", "TutorialProgram"),
    ("3-programs", "TutorialProgram"), ("4-hypergradient", "TutorialProgram"),
    ("5-outer-loop", "TutorialProgram"), ("first-study", "FirstStudyProgram"),
    ("own-estimator", "CustomEstimatorProgram"), ("own-sampler", "CustomSamplerProgram"),
  ]

  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../..").standardizedFileURL
  private static let folder = root.appendingPathComponent("Documentation/tutorial")

  @Test("Programs on the pages are those that run", arguments: pages)
  func programs(_ name: String, _: String) throws {
    let blocks = try Page(Self.folder.appendingPathComponent("\(name).md")).blocks
    let shown = blocks.filter { $0.language == "swift" }
    #expect(!shown.isEmpty)
    for block in shown {
      let path = try #require(block.program, "a program without the comment that names its file")
      let file = try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
      #expect(block.text == file, "\(name).md shows another \(path)")
      #expect(file.split(separator: "\n", omittingEmptySubsequences: false).count <= 100)
    }
  }

  @Test("Programs print what the pages say", arguments: pages)
  func outputs(_ name: String, _ program: String) throws {
    let shown = try Page(Self.folder.appendingPathComponent("\(name).md")).blocks
      .filter { $0.language.isEmpty }
    let printed = try Self.run(program)
    #expect(!shown.isEmpty)
    for block in shown {
      #expect(Self.form(printed).contains(Self.form(block.text)), "\(name).md: \(block.text)")
    }
  }

  @Test("Every page is tested")
  func isComplete() throws {
    let found = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    #expect(Set(found) == Set(Self.pages.map { "\($0.0).md" }))
  }

  @Test("The custom sampler is repeatable, keeps to constraints, and is more even than chance")
  func sampler() throws {
    let printed = try Self.run("CustomSamplerProgram")
    #expect(printed.contains("repeatable: true, allowed: true, more even: true"))
  }

  @Test("The programs of the products' articles do what these say")
  func products() throws {
    let printed = try Self.run("ProductsProgram")
    #expect(printed.contains("trials after both runs: 20\n"))
    #expect(printed.contains("history.svg"))
    #expect(printed.contains("a chart of SVG: true\n"))
    #expect(printed.contains("violations of tpe: []\n"))
    #expect(printed.contains("the loss falls to less than a tenth: true\n"))
  }

  /// Texts without their numbers: the programs compare those themselves.
  private static func form(_ text: String) -> String {
    text.replacing(/-?\d+(\.\d+)?(e[-+]?\d+)?/, with: "0")
  }

  private static func run(_ name: String) throws -> String {
    let places = CommandLine.arguments + Bundle.allBundles.map(\.bundlePath)
    let programs = places.map {
      URL(fileURLWithPath: $0).deletingLastPathComponent().appendingPathComponent(name)
    }
    let program = try #require(
      programs.first { FileManager.default.isExecutableFile(atPath: $0.path) },
      "\(name) is not beside the tests: build it")
    let (process, pipe) = (Process(), Pipe())
    process.executableURL = program
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return String(decoding: data, as: UTF8.self)
  }
}

/// The fenced blocks of a page.
private struct Page {
  struct Block {
    var program: String?
    var language: String
    var text: String
  }

  var blocks: [Block] = []

  init(_ file: URL) throws {
    let text = try String(contentsOf: file, encoding: .utf8)
    var (open, named): (Block?, String?) = (nil, nil)
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if var block = open {
        if line == "```" {
          blocks.append(block)
          open = nil
        } else {
          block.text += line + "\n"
          open = block
        }
      } else if line.hasPrefix("```") {
        open = Block(program: named, language: String(line.dropFirst(3)), text: "")
        named = nil
      } else if let match = line.wholeMatch(of: /<!-- program: (.*) -->/) {
        named = String(match.1)
      }
    }
  }
}
