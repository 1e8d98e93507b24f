import Foundation
import OuterloopSearch
import OuterloopStudy

@testable import OuterloopLab

/// Small tables, folders and schedulers to test with.
enum CurveSamples {
  /// Candidates on a line, x = 0, 1, ..., with these losses after each epoch.
  static func table(
    _ curves: [[Double]], costs: [Double] = [], objective: Objective = .minimize("loss")
  ) throws -> CurveTable {
    var space = SearchSpace()
    let last = max(Double(curves.count - 1), 1)
    try space.add(ParameterDeclaration("x", .float(try NumericRange(0, last))))
    return try CurveTable(
      name: "sample", space: space, objective: objective,
      candidates: try curves.enumerated().map { index, values in
        CurveTable.Candidate(
          id: index, assignment: try space.assignment(["x": .float(Double(index))]),
          values: values, epochCost: costs.isEmpty ? 1 : costs[index])
      })
  }

  /// `count` curves of `epochs` epochs that cross now and then.
  static func crossing(_ count: Int, epochs: Int) throws -> CurveTable {
    try table(
      (0..<count).map { row in
        (1...epochs).map { epoch in
          let end = Double((row * 37) % count) / Double(count)
          return end + Double((row * 11) % 7) / Double(7 * epoch)
        }
      })
  }

  /// A folder that is removed when this value is.
  final class Folder {
    let path: String

    init(_ files: [String: String]) throws {
      let url = FileManager.default.temporaryDirectory.appending(path: "curves-\(UUID())")
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
      path = url.path
      for (name, text) in files { try write(Data(text.utf8), to: name) }
    }

    func write(_ data: Data, to name: String) throws {
      try data.write(to: URL(fileURLWithPath: path).appending(path: name))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  static let meta = """
    {"family": "toy", "format": "curves-v1", "metric": "loss", "minimize": true,
     "parameters": [
      {"name": "lr", "type": "float", "lower": 0.001, "upper": 1, "log": true},
      {"name": "units", "type": "int", "lower": 1, "upper": 9},
      {"name": "act", "type": "categorical", "choices": ["relu", "tanh"]}],
     "tasks": [{"name": "one", "file": "one.jsonl"}]}
    """

  static let lines = """
    {"id": 7, "config": {"lr": 0.01, "units": 3, "act": "relu"}, "loss": [0.9, 0.5, null]}
    {"id": 8, "config": {"lr": 0.1, "units": 9, "act": "tanh"}, "loss": [0.8], "cost": 2.5}

    """

  /// A folder of `../shared/data/curves`, in some folder above this one; nil if there is none.
  static func shared(_ family: String) -> String? {
    var folder = URL(fileURLWithPath: #filePath)
    while folder.pathComponents.count > 1 {
      folder.deleteLastPathComponent()
      let path = folder.appending(path: "shared/data/curves/\(family)").path
      if FileManager.default.fileExists(atPath: path + "/meta.json") { return path }
    }
    return nil
  }
}
