internal import ArgumentParser
internal import OuterloopFetch
internal import OuterloopLab
internal import OuterloopLearning

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Which data, and how it is divided.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A folder or file with IDX, CSV or LIBSVM data, or the name of a data set that was fetched.",
      valueName: "path"))
  var data: String

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "CSV: the column with the class, by name or number from 0 (-1: the last). Default: the last.",
      valueName: "column"))
  var label: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Examples to clean. Default: 5000, or half of what there is.", valueName: "n"))
  var train: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Examples to validate on. Default: 5000, or half of what there is.", valueName: "n"))
  var validation: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Examples to test on at most. Default: 10000.", valueName: "n"))
  var test: Int?

  func validate() throws {
    if data.isEmpty { throw ValidationError("--data is empty") }
  }

  /// Reads the data.
  func load() throws -> DataParts {
    let column: CSV.LabelColumn = label.map { Int($0).map { .index($0) } ?? .name($0) } ?? .last
    return try Self.load(data, label: column)
  }

  /// Reads a file or folder, or a data set that was fetched, by its name.
  static func load(_ data: String, label: CSV.LabelColumn = .last) throws -> DataParts {
    if access(data, F_OK) != 0, let set = PublishedDataSet.named(data) {
      let folder = DataCache.folder(for: set)
      guard set.isFetched else {
        throw Complaint(
          "\(data): this data set has not been downloaded, or not all of it",
          hint: "outerloop data fetch \(data)")
      }
      return try set.load(from: folder)
    }
    return try LabeledData.load(data, label: label)
  }
}
