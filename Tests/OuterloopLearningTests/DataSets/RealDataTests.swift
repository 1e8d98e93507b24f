import OuterloopText
import Testing

@testable import OuterloopLearning

/// Published data, where a checkout has them beside it.
@Suite struct RealDataTests {
  @Test func digitsComeWithThePackage() throws {
    let digits = try Digits.load()
    #expect(digits.count == 1797 && digits.shape == [8, 8])
    #expect(digits.countPerClass == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    #expect(digits.features.prefix(8) == [0, 0, 5, 13, 9, 1, 0, 0] && digits.labels[1796] == 8)
    #expect(digits.features.max() == 16 && digits.features.min() == 0)
  }

  @Test(.enabled(if: SharedData.has("small"))) func digitsAreTheTable() throws {
    let path = try #require(SharedData.path("small")) + "/digits.csv"
    let table = try CSV.read(path)
    let digits = try Digits.load()
    #expect(table.shape == [64] && table.featureNames.first == "pixel_0_0")
    #expect(table.features == digits.features && table.labels == digits.labels)
    #expect(table.classNames == digits.classNames)
  }

  @Test(.enabled(if: SharedData.has("small"))) func wine() throws {
    let path = try #require(SharedData.path("small")) + "/wine.csv"
    let wine = try LabeledData.load(path).train
    #expect(wine.count == 178 && wine.shape == [13] && wine.countPerClass == [59, 71, 48])
    #expect(wine.featureNames.first == "alcohol" && wine.features.first == 14.23)
  }

  @Test(.enabled(if: SharedData.has("mnist"))) func mnist() throws {
    let parts = try LabeledData.load(#require(SharedData.path("mnist")))
    #expect(parts.train.shape == [28, 28] && parts.train.kind == .bytes)
    #expect(
      parts.train.countPerClass == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    #expect(
      parts.test?.countPerClass == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    let scaled = try Scaling.pixels.applied(to: parts.train)
    let mean = scaled.features.reduce(0.0) { $0 + Double($1) } / Double(scaled.features.count)
    #expect(abs(mean - 0.1307) < 0.00005)
  }

  @Test(.enabled(if: SharedData.has("omniglot"))) func omniglot() throws {
    let path = try #require(SharedData.path("omniglot"))
    let labels = try IDX.read(path + "/omniglot-background-labels-idx1-int.gz")
    #expect(labels.element == .int32)
    let classes = try labels.classes()
    #expect(classes.count == 19_280 && classes.max() == 963)
  }

  @Test(.enabled(if: SharedData.has("libsvm"))) func sparseSets() throws {
    let path = try #require(SharedData.path("libsvm"))
    let a9a = try LIBSVM.read(path + "/a9a.svm.gz")
    #expect(a9a.count == 32_561 && a9a.featureCount == 123 && a9a.storedCount == 451_592)
    #expect(a9a.labels.count { $0 == 0 } == 24_720 && a9a.classNames == ["-1", "1"])
    let test = try LIBSVM.read(
      path + "/a9a.t.svm.gz", classNames: a9a.classNames, features: a9a.featureCount)
    #expect(test.count == 16_281 && test.featureCount == 123 && test.storedCount == 225_731)
    let mushrooms = try LabeledData.load(path + "/mushrooms.svm.gz").train
    #expect(mushrooms.count == 8124 && mushrooms.shape == [112])
    #expect(mushrooms.countPerClass == [4208, 3916])
    #expect(mushrooms.features.count { $0 != 0 } == 170_604)
    let news = try LIBSVM.read(path + "/20news.svm.gz")
    #expect(news.count == 11_314 && news.featureCount == 21_925 && news.storedCount == 1_132_144)
    #expect(news.classNames.count == 20)
    // A folder with several sets is not guessed at.
    #expect(try dataError { _ = try LabeledData.load(path) }.cause == .ambiguous)
  }
}
