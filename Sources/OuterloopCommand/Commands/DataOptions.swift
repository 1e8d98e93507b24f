internal import ArgumentParser
internal import OuterloopFetch
internal import OuterloopLab
internal import OuterloopLearning
internal import OuterloopPlatform

/// The choice of data.
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
    help: ArgumentHelp(
      "CSV: encoding of the text, such as windows-1252. Default: UTF-8 or UTF-16, as it begins.",
      valueName: "name"))
  var encoding: String?

  func validate() throws {
    if data.isEmpty { throw ValidationError("--data is empty") }
  }

  /// Reads the data.
  ///
  /// - Parameter trusted: the column that marks rows with a right label.
  func load(_ trusted: String? = nil) throws -> DataParts {
    if let set = try Self.fetched(data) { return set }
    return try LabeledData.prepare(data, options: options(trusted))
  }

  /// Reads further rows of the same columns and classes.
  func load(_ path: String, like parts: DataParts) throws -> LabeledData {
    try LabeledData.prepare(path, options: options(nil), like: parts)
  }

  private func options(_ trusted: String?) throws -> CSV.Options {
    func column(_ text: String) -> CSV.LabelColumn { Int(text).map { .index($0) } ?? .name(text) }
    var options = CSV.Options(
      label: label.map(column) ?? .last, trusted: trusted.map(column))
    if let encoding { options.encoding = try TextEncoding(named: encoding) }
    return options
  }

  /// Reads a file or folder, or a fetched data set by its name.
  static func load(_ data: String) throws -> DataParts {
    try fetched(data) ?? LabeledData.load(data)
  }

  /// The data set of that name, if there is no such file; nil if there is no such data set.
  private static func fetched(_ data: String) throws -> DataParts? {
    guard access(data, F_OK) != 0, let set = PublishedDataSet.named(data) else { return nil }
    let folder = DataCache.folder(for: set)
    guard set.isFetched else {
      throw CommandError(
        "\(data): this data set has not been downloaded, or not all of it",
        hint: "outerloop data fetch \(data)")
    }
    return try set.load(from: folder)
  }
}
