import OuterloopText
import Testing

@testable import OuterloopLearning

@Suite struct LoadTests {
  private let folder = TemporaryFolder()
  let images = idxFile(8, [2, 1, 2], [1, 2, 3, 4])
  let labels = idxFile(8, [2], [0, 1])

  @Test(arguments: [
    ("-idx3-ubyte", "-idx1-ubyte", false), (".idx3-ubyte", ".idx1-ubyte", false),
    ("-idx3-ubyte.gz", "-idx1-ubyte.gz", true), (".idx3-ubyte.gz", ".idx1-ubyte.gz", true),
    (".gz", ".gz", true), ("", "", false),
  ])
  func findsMNISTFiles(imageEnding: String, labelEnding: String, isPacked: Bool) throws {
    for part in ["train", "t10k"] {
      try folder.write("\(part)-images\(imageEnding)", isPacked ? gzipped(images) : images)
      try folder.write("\(part)-labels\(labelEnding)", isPacked ? gzipped(labels) : labels)
    }
    try folder.write("train-images-idx3-ubyte.gz.part", "half")
    let parts = try LabeledData.load(folder.path)
    #expect(parts.train.features == [1, 2, 3, 4] && parts.test?.labels == [0, 1])
    let file = try LabeledData.load(folder.path + "/t10k-images\(imageEnding)")
    #expect(file.train.labels == [0, 1] && file.test == nil)
  }

  @Test func namesMissingLabels() throws {
    try folder.write("train-images-idx3-ubyte", images)
    let error = try dataError { _ = try LabeledData.load(folder.path + "/") }
    #expect(error.cause == .missing && error.what.contains("train-labels*"))
    try folder.write("train-labels-idx1-ubyte", labels)
    #expect(try LabeledData.load(folder.path).test == nil)
    try folder.write("t10k-images-idx3-ubyte", images)
    #expect(try dataError { _ = try LabeledData.load(folder.path) }.what.contains("t10k-labels*"))
    let alone = folder.path + "/train-labels-idx1-ubyte"
    #expect(try dataError { _ = try LabeledData.load(alone) }.cause == .wrongKind)
  }

  @Test func refusesTestPartsThatDoNotBelong() throws {
    try folder.write("train-images", images)
    try folder.write("train-labels", labels)
    try folder.write("t10k-images", idxFile(8, [1, 2, 2], [1, 2, 3, 4]))
    try folder.write("t10k-labels", idxFile(8, [1], [0]))
    #expect(try dataError { _ = try LabeledData.load(folder.path) }.cause == .mismatch)
    try folder.write("t10k-images", idxFile(8, [1, 1, 2], [1, 2]))
    try folder.write("t10k-labels", idxFile(8, [1], [5]))
    #expect(try dataError { _ = try LabeledData.load(folder.path) }.cause == .label)
  }

  @Test func findsTables() throws {
    try folder.write("flowers.csv", "a,b,y\n1,2,rose\n3,4,lily\n")
    #expect(try LabeledData.load(folder.path).train.classNames == ["lily", "rose"])
    try folder.write("other.csv", "1,2,0\n")
    let several = try dataError { _ = try LabeledData.load(folder.path) }
    #expect(several.cause == .ambiguous)
    #expect(several.what == "several data sets: flowers.csv, other.csv")
    try folder.write("train.csv", "a,b,y\n1,2,rose\n3,4,lily\n")
    try folder.write("test.csv.gz", gzipped(Array("a,b,y\n5,6,rose\n".utf8)))
    let parts = try LabeledData.load(folder.path)
    #expect(parts.train.count == 2 && parts.test?.labels == [1])
    let swapped = try LabeledData.load(folder.path, label: .name("y"))
    #expect(swapped == parts)
    try folder.write("test.csv.gz", "b,a,y\n5,6,rose\n")
    #expect(try dataError { _ = try LabeledData.load(folder.path) }.cause == .mismatch)
    try folder.write("test.csv.gz", "a,b,y\n5,6,tulip\n")
    #expect(try dataError { _ = try LabeledData.load(folder.path) }.cause == .label)
  }

  @Test func findsSparseFiles() throws {
    try folder.write("a.svm", "-1 1:1\n+1 2:1\n")
    #expect(try LabeledData.load(folder.path).test == nil)
    try folder.write("a.t.svm", "+1 3:1\n")
    let parts = try LabeledData.load(folder.path)
    #expect(parts.train.features == [1, 0, 0, 0, 1, 0] && parts.test?.features == [0, 0, 1])
    #expect(parts.test?.labels == [1])
    try folder.write("train.libsvm", "1 1:1\n")
    #expect(try LabeledData.load(folder.path).train.count == 1)
  }

  @Test func tellsFormatsByTheirBeginning() throws {
    #expect(try LabeledData.load(folder.write("x", "-1 1:1\n+1 2:1\n")).train.shape == [2])
    #expect(try LabeledData.load(folder.write("y", "a,b\n1,1\n2,0\n")).train.shape == [1])
    #expect(try dataError { _ = try LabeledData.load("/dev/zero") }.cause == .notAFile)
    try folder.write("z-labels", labels)
    #expect(try LabeledData.load(folder.write("z-images", gzipped(images))).train.shape == [1, 2])
  }

  @Test func saysWhatWasLookedFor() throws {
    let empty = try dataError { _ = try LabeledData.load(folder.path) }
    #expect(empty.cause == .missing && empty.what.hasSuffix("which holds nothing"))
    try folder.write("notes.txt", "hello")
    let error = try dataError { _ = try LabeledData.load(folder.path) }
    #expect(error.what == "no data set in this folder, which holds notes.txt")
    #expect(error.remedy.contains("train-images-idx3-ubyte[.gz]"))
    #expect(error.remedy.contains("train.csv") && error.remedy.contains(".svm"))
    #expect(try dataError { _ = try LabeledData.load(folder.path + "/none") }.cause == .missing)
    #expect(try dataError { _ = try LabeledData.load("") }.cause == .missing)
  }

  @Test func scales() throws {
    let data = try LabeledData(
      shape: [2], features: [2, -8, 0, 4, -4, 0], labels: [0, 1, 0], classNames: ["a", "b"],
      source: "s")
    let scaling = Scaling.suggested(for: data)
    #expect(try scaling.applied(to: data).features == [0.5, -1, 0, 0.5, -1, 0])
    let bytes = try LabeledData(
      shape: [1], features: [255, 51], labels: [0, 1], classNames: ["a", "b"], kind: .bytes,
      source: "s")
    let pixels = try Scaling.suggested(for: bytes).applied(to: bytes)
    #expect(pixels.features == [1, 0.2] && pixels.kind == .numbers)
    #expect(try dataError { _ = try scaling.applied(to: bytes) }.cause == .mismatch)
    #expect(Scaling.dividing(by: 0).divisors == [1])
  }

  @Test func checksValuesFromMemory() throws {
    func refusal(_ shape: [Int], _ features: [Float], _ labels: [Int32]) throws -> DataError.Cause {
      try dataError {
        _ = try LabeledData(
          shape: shape, features: features, labels: labels, classNames: ["a", "b"], source: "s")
      }.cause
    }
    #expect(try refusal([1], [], []) == .empty)
    #expect(try refusal([0], [], [0]) == .header)
    #expect(try refusal([-1], [], [0]) == .header)
    #expect(try refusal([.max, .max], [1], [0]) == .header)
    #expect(try refusal([2], [1], [0]) == .mismatch)
    #expect(try refusal([1], [1], [2]) == .label)
    #expect(try refusal([1], [1], [-1]) == .label)
    #expect(try refusal([1], [.nan], [1]) == .nonFinite)
  }
}
