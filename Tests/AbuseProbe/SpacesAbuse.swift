import OuterloopSpaces
import OuterloopStudy

extension AbuseRoom {
  static let spaces = AbuseRoom("OuterloopSpaces") { room in
    room.add("SpaceFile.read", ["", "\0", "/", "/dev/null", "/nowhere.yaml", "a\0b"]) {
      try SpaceFile.read($0).space.parameters.count
    }
    room.add("SpaceFile.parse", texts, ["", "a.json", "a.yaml", "a.txt", "\0"]) {
      try SpaceFile.parse($0, name: $1).space.parameters.count
    }
    room.refuse(
      "SpaceFile.parse",
      texts.filter {
        !$0.contains("good") && !$0.hasPrefix("parameters: ") && $0 != "hyperparameters: []"
      }
    ) {
      try SpaceFile.parse($0, name: "a.yaml")
    }
  }

  private static let texts: [String] = {
    let bodies = [
      "", " ", "\0", "null", "1", "[]", "{}", "text", "{", "]", "a: [", "\u{FEFF}", "- - - -",
      "parameters:", "parameters: []", "parameters: {}", "parameters: 1", "parameters: [1, null]",
      "parameters: [{}]", "parameters: [{name: x}]", "parameters: [{name: x, type: none}]",
      "x: float(0, 1", "x: float(nan, 1)", "x: {type: int, range: [1, .inf]}",
      "x: {type: int, range: [9223372036854775807, 9223372036854775808]}",
      "x: {type: float, range: [0]}", "x: {type: choice, choices: []}",
      "x: {type: choice, choices: [.nan, .inf, null]}", "x: {type: float, range: [0, 1], step: 0}",
      "x: {type: float, range: [0, 1], step: 1e-320}", "x: {type: float, range: [1, 0]}",
      "&a [*a]", "a: &a {b: *a}", "hyperparameters: []", "hyperparameters: [{}]",
      #"{"hyperparameters": [{"name": "x", "type": "uniform_float"}]}"#,
      #"{"hyperparameters": [{"name": "x", "type": "uniform_int", "lower": 1e300, "upper": 1e301}]}"#,
      #"{"hyperparameters": [{"name": "x", "type": "categorical", "choices": []}]}"#,
      #"{"conditions": [{}], "hyperparameters": [{"name": "x", "type": "constant"}]}"#,
      "forbid: [x]", "forbid: 1", "good: float(0, 1)",
    ]
    return bodies + [
      String(repeating: "[", count: 5_000), String(repeating: "{a: ", count: 5_000),
      String(repeating: "- ", count: 5_000),
    ]
  }()
}
