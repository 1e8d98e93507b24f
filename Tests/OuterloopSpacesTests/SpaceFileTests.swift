import Foundation
import OuterloopSpaces
import OuterloopStudy
import OuterloopText
import Testing

@Suite struct SpaceFileTests {
  private func space(_ text: String) throws -> SearchSpace {
    try SpaceFile.parse(text, name: "space.yaml").space
  }

  @Test func orderIsThatOfTheFile() throws {
    let space = try space("parameters:\n  z: int(1, 2)\n  a: int(1, 2) if m == 1\n  m: [1, 2]\n")
    #expect(space.parameters.map(\.name) == ["z", "m", "a"])
  }

  @Test func scalarsAreReadAsYAML12() throws {
    let space = try space(
      """
      parameters:
        x: [yes, off, True, FALSE, 1e-5, 010, 1_000, 0x10, nan, "1", '2', 3.10, ../a b, "\\u00e9"]
      """)
    let expected: [ParameterValue] = [
      "yes", "off", true, false, 1e-5, 10, 1000, "0x10", "nan", "1", "2", 3.1, "../a b", "é",
    ]
    #expect(space.parameters[0].domain.choices == expected)
  }

  @Test func minifiedJSONWithEscapes() throws {
    let text =
      #"{"parameters":{"x":["\ud83d\ude00","a\/b","\\ud83d","t\t"]},"forbid":"x == 'a/b'"}"#
    let space = try space(text)
    #expect(space.parameters[0].domain.choices == ["😀", "a/b", "\\ud83d", "t\t"])
    #expect(space.forbidden.count == 1)
    #expect(try self.space("\u{FEFF}" + text) == space)
    #expect(try self.space("{\n\t\"parameters\": {\n\t\t\"x\": [1]\n\t}\n}").parameters.count == 1)
  }

  @Test func whatIsStoredIsASpaceFile() throws {
    let space = try space(
      "parameters:\n  x: float(0, 1, step 0.1)\n  'a/b': [s, 2, true]\nforbid: x > 0.5 and `a/b` == s\n"
    )
    let stored = try #require(String(data: JSONEncoder().encode(space), encoding: .utf8))
    #expect(try self.space(stored) == space)
  }

  @Test(arguments: [
    "": ": there is nothing in it; begin with `parameters:` and a line for each parameter",
    "# only\n": ": there is nothing in it; begin with `parameters:` and a line for each parameter",
    "~": ": there is nothing in it; begin with `parameters:` and a line for each parameter",
    "hello":
      " line 1: a single value was found where `key: value` lines were expected; see Documentation/spaces.md",
    "- a": " line 1: a list was found where `key: value` lines were expected; see "
      + "Documentation/spaces.md",
    "lr: log(1, 2)":
      " line 1: there is no key `parameters`; begin with `parameters:` and a line for each parameter",
    "parameters: {}\nforbidden: []":
      " line 2: the key `forbidden` is not known; did you mean `forbid`?",
    "parameters:":
      " line 1: nothing was found where `key: value` lines were expected; see Documentation/spaces.md",
    "parameters:\n  x:\n    type: int\n    lo: 1":
      " line 4: parameter `x`: the key `lo` is not known; did you mean `low`?",
    "parameters:\n  x: {low: 1}":
      " line 2: parameter `x`: it has no `type`; the types are float, int, ordinal, categorical, constant",
    "parameters:\n  x: {type: int, low: a, high: 2}":
      " line 2: parameter `x`: `a` is not a number; write one, such as 1e-3",
    "parameters:\n  x: {type: float, low: 1, high: 2, log: 1}":
      " line 2: parameter `x`: true or false was expected; write one of them",
    "parameters:\n  x: [a, null]":
      " line 2: parameter `x`: a value is empty or null; write a number or a text, such as \"none\"",
    "parameters:\n  x: [a, [b]]":
      " line 2: parameter `x`: a list was found where a single value was expected; write a number or a text",
    "parameters:\n  x: []": " line 2: parameter `x`: there is no choice; list at least one value",
    "parameters:\n  - type: int": " line 2: a parameter has no `name`; add it",
    "parameters:\n  y: [1]\n  x: [1] \n  z: int(1, 2) if w == 1":
      " line 4: parameter `z`: `w == 1`: there is no parameter `w`; the parameters are y, x",
    "parameters:\n  x: [1]\nforbid:\n  - x == 1\n  - x = 3":
      " line 5: forbidden: `x = 3`: `x` is never `3`; it is choice(1)",
    "parameters:\n  x: [1]\nforbid: [3]":
      " line 3: a text was expected; put it in quotation marks",
    "parameters:\n  x: [1]\n  x: [2]":
      " line 2: the key `x` is given twice; remove one of them",
    "parameters:\n\tx: [1]": " line 2: a line begins with a tab; indent with spaces",
    "parameters:\n  x: &a [1]\n  y: *a":
      " line 2: anchors (`&name`) are not supported; write the value out where it is needed, or quote the text",
    "parameters:\n  x: [1\u{0}]": " line 2: it contains a NUL byte; save the file as plain text",
    "parameters: {? [a] : 1}": " line 1: a key is not a text; use a plain word",
  ])
  func errors(text: String, message: String) {
    let error = #expect(throws: SpaceError.self) { try space(text) }
    #expect(error?.description == "space.yaml" + message)
  }

  @Test(arguments: ["[", "{a: ", "- ", "? ", "{", "[{", "((", "- - [", "a:\n "])
  func deepNestingIsAnError(part: String) {
    #expect(throws: SpaceError.self) { try space(String(repeating: part, count: 100_000)) }
    #expect(throws: SpaceError.self) {
      try space("parameters:\n  x: " + String(repeating: part, count: 100_000))
    }
  }

  @Test func deeperAndDeeperLines() {
    let text = (0..<5000).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
    #expect(throws: SpaceError.self) { try space(text) }
  }

  @Test func filesThatCannotBeRead() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func message(_ path: String) -> String? {
      #expect(throws: SpaceError.self) { try SpaceFile.read(path) }?.description
    }
    #expect(message("/nowhere/x.yaml") == "there is no file `/nowhere/x.yaml`; check its name")
    #expect(message(folder.path) == "`\(folder.path)` is a folder; name a file in it")
    let file = folder.appendingPathComponent("x.yaml")
    try Data([0x70, 0xff, 0xfe]).write(to: file)
    #expect(message(file.path) == "x.yaml: the file is not UTF-8 text; save it as UTF-8")
    try Data(count: 17 << 20).write(to: file)
    #expect(
      message(file.path)
        == "x.yaml: the file is longer than 16 MiB; name a file with a search space")
    try Data("parameters: {x: [1]}".utf8).write(to: file)
    #expect(try SpaceFile.read(file.path).space.parameters.count == 1)
  }

  @Test func mutatedFilesNeverTrap() throws {
    let seeds = try Examples.blocks("yaml") + Examples.blocks("json")
    var state: UInt64 = 17
    func random(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % count
    }
    let letters = Array("{}[]:,-?&*!|>'\"%@`#\\ \n\t\u{0}0aé😀")
    var errors = 0
    for _ in 0..<2000 {
      var text = Array(seeds[random(seeds.count)])
      for _ in 0..<(1 + random(5)) {
        let place = random(text.count)
        switch random(3) {
        case 0: text[place] = letters[random(letters.count)]
        case 1: text.remove(at: place)
        default: text.insert(contentsOf: text[place...].prefix(random(30)), at: random(text.count))
        }
      }
      do { _ = try space(String(text)) } catch is SpaceError { errors += 1 }
    }
    #expect(errors > 200)
  }
}
