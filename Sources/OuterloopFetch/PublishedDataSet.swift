public import OuterloopLearning

/// A file as its publisher describes it.
public struct PublishedFile: Sendable, Hashable {
  /// Its name in the folder and at the end of its address.
  public let name: String
  public let bytes: Int
  /// 64 hexadecimal digits, lower case.
  public let sha256: String

  public init(name: String, bytes: Int, sha256: String) {
    self.name = name
    self.bytes = bytes
    self.sha256 = sha256.lowercased()
  }
}

/// A data set that can be downloaded: its files, where they are, and what their classes mean.
public struct PublishedDataSet: Sendable, Hashable {
  /// What commands call it: `mnist`.
  public let name: String
  /// What it is, in one line.
  public let summary: String
  public let files: [PublishedFile]
  /// Addresses of folders with these files, in the order in which they are tried.
  public let mirrors: [String]
  /// The names of the classes, by their number.
  public let classNames: [String]

  public init(
    name: String, summary: String, files: [PublishedFile], mirrors: [String], classNames: [String]
  ) {
    self.name = name
    self.summary = summary
    self.files = files
    self.mirrors = mirrors
    self.classNames = classNames
  }

  /// The size of all files together.
  public var bytes: Int { files.reduce(0) { $0 + $1.bytes } }

  /// Reads the set from the folder it was downloaded to, its classes named.
  ///
  /// - Throws: `DataError` when files are missing or damaged.
  public func load(from folder: String) throws -> DataParts {
    let parts = try LabeledData.load(folder)
    return try DataParts(
      train: parts.train.named(classNames), test: parts.test?.named(classNames))
  }
}

extension PublishedDataSet {
  /// All data sets known here.
  public static let all = [mnist, fashionMNIST]

  /// The data set of this name, nil when there is none.
  public static func named(_ name: String) -> PublishedDataSet? {
    all.first { $0.name == name }
  }

  /// The files of a set in the form of MNIST, by size and checksum.
  private static func files(_ files: [(bytes: Int, sha256: String)]) -> [PublishedFile] {
    zip(["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"], files)
      .map { PublishedFile(name: "\($0)-ubyte.gz", bytes: $1.bytes, sha256: $1.sha256) }
  }

  /// Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits" (1998).
  public static let mnist = PublishedDataSet(
    name: "mnist", summary: "70,000 handwritten digits, 28x28",
    files: files([
      (9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
      (28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
      (1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
      (4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ]),
    mirrors: [
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ],
    classNames: (0..<10).map(String.init))

  /// H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking
  /// machine learning algorithms" (2017), MIT licence.
  public static let fashionMNIST = PublishedDataSet(
    name: "fashion-mnist", summary: "70,000 articles of clothing, 28x28",
    files: files([
      (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
      (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
      (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
      (5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ]),
    mirrors: [
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ],
    classNames: [
      "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
      "Ankle boot",
    ])
}
