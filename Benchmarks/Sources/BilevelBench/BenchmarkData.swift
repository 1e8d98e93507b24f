import Foundation
import Outerloop

/// The shared inputs of one problem: raw little-endian arrays listed by `index.json`.
struct BenchmarkData {
  private struct Index: Decodable {
    struct Entry: Decodable {
      var file: String
      var type: String
      var shape: [Int]
    }
    var scalars: [String: Double]
    var arrays: [String: Entry]
  }

  private let folder: URL
  private let index: Index

  init(folder: URL) throws {
    self.folder = folder
    index = try JSONDecoder().decode(Index.self, from: Self.contents(of: "index.json", in: folder))
  }

  private static func contents(of file: String, in folder: URL) throws -> Data {
    let file = folder.appendingPathComponent(file)
    do { return try Data(contentsOf: file) } catch {
      throw BenchmarkError(
        "the file \(file.path) cannot be read; to make it (NumPy is needed): "
          + "python3 Benchmarks/make_data.py")
    }
  }

  func number(_ name: String) throws -> Double {
    guard let value = index.scalars[name] else { throw BenchmarkError("no scalar \(name)") }
    return value
  }

  func tensor(_ name: String) throws -> Tensor {
    guard let entry = index.arrays[name] else { throw BenchmarkError("no array \(name)") }
    let data = try Self.contents(of: entry.file, in: folder)
    func read<Scalar: TensorScalar>(_: Scalar.Type) -> Tensor {
      let values = data.withUnsafeBytes { Array($0.bindMemory(to: Scalar.self)) }
      return Tensor(values, shape: entry.shape)
    }
    return entry.type == "int32" ? read(Int32.self) : read(Float.self)
  }

  /// The rows of an int32 table, each a batch.
  func batches(_ name: String) throws -> Batches<Tensor> {
    let table = try tensor(name)
    let size = table.shape[1]
    let values = try table.scalars(Int32.self)
    let rows = (0..<table.shape[0]).map { Tensor(Array(values[($0 * size)..<(($0 + 1) * size)])) }
    return Batches { rows[$0] }
  }
}

struct BenchmarkError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
