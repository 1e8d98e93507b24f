internal import OuterloopPlatform

/// A data set as it is published: a training part and often a test part.
public struct DataParts: Sendable, Equatable {
  /// The part to train on.
  public let train: LabeledData
  /// Of the same shape and classes as `train`.
  public let test: LabeledData?
  /// What was done with the columns and rows of the training file, if it is a prepared table.
  public let table: PreparedTable?

  /// Two parts of one data set.
  ///
  /// - Throws: `DataError` when their shapes, columns or classes differ.
  public init(train: LabeledData, test: LabeledData?, table: PreparedTable? = nil) throws {
    if let test {
      guard train.shape == test.shape else {
        let shape = IDX.sizesText(train.shape)
        throw DataParts.mismatch(
          train, test,
          "examples of \(IDX.sizesText(test.shape)) values, where \(train.source) has \(shape)")
      }
      guard train.featureNames == test.featureNames else {
        throw DataParts.mismatch(train, test, "other columns than \(train.source)")
      }
      guard train.classNames == test.classNames else {
        throw DataParts.mismatch(train, test, "other classes than \(train.source)")
      }
    }
    self.train = train
    self.test = test
    self.table = table
  }

  private static func mismatch(
    _ train: LabeledData, _ test: LabeledData, _ what: String
  ) -> DataError {
    DataError(
      .mismatch, file: test.source, what: what,
      remedy: "use a test file that belongs to the training file")
  }
}

extension LabeledData {
  /// Loads the argument of `--data`: a folder with a data set, or a file.
  ///
  /// A folder is searched for, in this order: IDX files in the spelling of MNIST (`train-images*`
  /// and `train-labels*`, `t10k-*` or `test-*` for the test part); `train.csv` and perhaps
  /// `test.csv`; `train.svm` and perhaps `test.svm`; a single `.csv`; a single `.svm` or `.libsvm`,
  /// with `NAME.t.svm` for the test part. Each may be gzip with `.gz` at the end of its name. A
  /// file may be any of these; an IDX file represents its folder's pair of images and labels.
  ///
  /// Tables are tables of numbers (`CSV.read`).
  ///
  /// - Parameters:
  ///   - path: a folder or file.
  ///   - label: the column with the class, in CSV files.
  ///   - limit: the limit on the decompressed size of a file, in bytes.
  /// - Throws: `DataError` when nothing is found, naming what was searched for, or from the reader.
  public static func load(
    _ path: String, label: CSV.LabelColumn = .last, limit: Int = standardDataLimit
  ) throws -> DataParts {
    try load(path, Reading(options: CSV.Options(label: label, limit: limit)))
  }

  /// The same for raw tables (`CSV.prepare`); the test part of a table is converted to features
  /// like its training part.
  ///
  /// - Throws: `DataError`; also if `options` name a trusted column or an encoding and the data are
  ///   not a table.
  public static func prepare(
    _ path: String, options: CSV.Options = CSV.Options()
  ) throws -> DataParts {
    let parts = try load(path, Reading(options: options, isPrepared: true))
    if parts.table == nil, options.trusted != nil {
      throw DataError(
        .column, file: path, what: "a column for trusted rows, where the data are no table",
        remedy: "name a file with the trusted examples instead")
    }
    return parts
  }

  /// Further examples for data read by `prepare`, from another file or folder: the same columns,
  /// shape and classes. From a folder, the training part is used.
  ///
  /// - Throws: `DataError` when they do not fit.
  public static func prepare(
    _ path: String, options: CSV.Options = CSV.Options(), like parts: DataParts
  ) throws -> LabeledData {
    var options = options
    options.classNames = parts.train.classNames
    options.trusted = nil
    let reading = Reading(options: options, isPrepared: true, like: parts)
    return try DataParts(train: parts.train, test: load(path, reading).train).test ?? parts.train
  }

  /// How files are read.
  private struct Reading {
    var options: CSV.Options
    var isPrepared = false
    /// The data that this extends.
    var like: DataParts?

    var limit: Int { options.limit }
  }

  private static func load(_ path: String, _ reading: Reading) throws -> DataParts {
    if let names = try listFolder(path) {
      return try loadFolder(DataFolder(path: path, names: names), reading)
    }
    return try loadFile(path, reading)
  }

  private static func loadFolder(
    _ folder: DataFolder, _ reading: Reading
  ) throws -> DataParts {
    if let images = folder.first(prefix: "train-images") {
      return try loadIDX(folder, images: images, reading)
    }
    if let train = folder.first(names: ["train.csv"]) {
      return try loadCSV(train, test: folder.first(names: ["test.csv"]), reading)
    }
    let sparse = ["svm", "libsvm"]
    if let train = folder.first(names: sparse.map { "train.\($0)" }) {
      let test = folder.first(names: sparse.map { "test.\($0)" })
      return try loadLIBSVM(train, test: test, reading)
    }
    if let table = try folder.single(suffixes: [".csv", ".tsv"], test: nil) {
      return try loadCSV(table.train, test: nil, reading)
    }
    if let file = try folder.single(suffixes: [".svm", ".libsvm"], test: ".t") {
      return try loadLIBSVM(file.train, test: file.test, reading)
    }
    throw folder.nothingFound()
  }

  private static func loadFile(
    _ path: String, _ reading: Reading
  ) throws -> DataParts {
    switch try DataFormat(path: path, limit: reading.limit) {
    case .idx:
      let (parent, name) = CLibrary.split(path)
      guard name.contains("images"), let names = try listFolder(parent) else {
        throw DataError(
          .wrongKind, file: path, what: "an IDX file alone is not a data set",
          remedy: "name the folder that holds its images and labels")
      }
      let folder = DataFolder(path: parent, names: names)
      let train = try idx(
        path, labels: idxLabels(folder, images: name), reading, reading.like?.train.classNames)
      return try DataParts(train: train, test: nil)
    case .csv: return try loadCSV(path, test: nil, reading)
    case .libsvm: return try loadLIBSVM(path, test: nil, reading)
    }
  }

  private static func loadIDX(
    _ folder: DataFolder, images: String, _ reading: Reading
  ) throws -> DataParts {
    let train = try idx(
      folder.joined(images), labels: idxLabels(folder, images: images), reading,
      reading.like?.train.classNames)
    let found = folder.first(prefix: "t10k-images") ?? folder.first(prefix: "test-images")
    guard let testImages = found else { return try DataParts(train: train, test: nil) }
    let test = try idx(
      folder.joined(testImages), labels: idxLabels(folder, images: testImages), reading,
      train.classNames)
    return try DataParts(train: train, test: test)
  }

  private static func idx(
    _ images: String, labels: String, _ reading: Reading, _ classNames: [String]?
  ) throws -> LabeledData {
    try IDX.labeled(
      images: IDX.read(images, limit: reading.limit),
      labels: IDX.read(labels, limit: reading.limit),
      classNames: classNames)
  }

  /// The label file that belongs to a file of images.
  private static func idxLabels(_ folder: DataFolder, images: String) throws -> String {
    let prefix = (images.split(separator: "images").first.map(String.init) ?? "") + "labels"
    guard let found = folder.first(prefix: prefix) else {
      throw DataError(
        .missing, file: folder.joined(images), what: "no labels for these images: no \(prefix)*",
        remedy: "put \(prefix)-idx1-ubyte or \(prefix)-idx1-ubyte.gz next to it")
    }
    return folder.joined(found)
  }

  private static func loadCSV(
    _ path: String, test: String?, _ reading: Reading
  ) throws -> DataParts {
    var options = reading.options
    if reading.isPrepared {
      let train = try CSV.prepare(path, options: options, like: reading.like?.table)
      // A test part has the format of its training part.
      options.trusted = nil
      options.header = train.preparation.hasHeader ? .present : .absent
      return try DataParts(
        train: train.data,
        test: test.map { try CSV.prepare($0, options: options, like: train).data }, table: train)
    }
    let train = try CSV.read(path, options: options)
    options.classNames = train.classNames
    options.header = train.featureNames.isEmpty ? .absent : .present
    return try DataParts(
      train: train, test: test.map { try CSV.read($0, options: options) })
  }

  private static func loadLIBSVM(
    _ path: String, test: String?, _ reading: Reading
  ) throws -> DataParts {
    let limit = reading.limit
    let train = try LIBSVM.read(
      path, classNames: reading.like?.train.classNames,
      features: reading.like?.train.exampleSize ?? 0, limit: limit)
    guard let test else { return try DataParts(train: train.dense(limit: limit), test: nil) }
    // Rare features may occur in one part only.
    let other = try LIBSVM.read(
      test, classNames: train.classNames, features: train.featureCount, limit: limit)
    return try DataParts(
      train: train.widened(to: other.featureCount).dense(limit: limit),
      test: other.dense(limit: limit))
  }
}
