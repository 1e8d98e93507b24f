import Foundation
import Testing

@testable import OuterloopFetch

@Suite struct PublishedDataSetTests {
  @Test func knowsSetsByName() {
    #expect(PublishedDataSet.named("mnist") == .mnist)
    #expect(PublishedDataSet.named("fashion-mnist")?.bytes == 30_878_645)
    #expect(PublishedDataSet.named("cifar") == nil)
    for set in PublishedDataSet.all {
      #expect(set.files.count == 4 && set.classNames.count == 10 && set.mirrors.count >= 2)
      #expect(set.files.allSatisfy { $0.sha256.count == 64 })
    }
  }

  @Test func cacheFolderFollowsTheEnvironment() {
    func folder(_ environment: [String: String]) -> String {
      DataCache.folder(for: .mnist, environment: environment)
    }
    let home = ["HOME": "/home/ada"]
    #expect(folder(home) == "/home/ada/.cache/outerloop/datasets/mnist")
    let shared = home.merging(["XDG_CACHE_HOME": "/var/cache/"]) { $1 }
    #expect(folder(shared) == "/var/cache/outerloop/datasets/mnist")
    let own = shared.merging(["OUTERLOOP_CACHE": "/big"]) { $1 }
    #expect(folder(own) == "/big/datasets/mnist")
    let empty = home.merging(["XDG_CACHE_HOME": "", "OUTERLOOP_CACHE": ""]) { $1 }
    #expect(folder(empty) == folder(home))
    #expect(folder(home.merging(["XDG_CACHE_HOME": "here"]) { $1 }) == folder(home))
  }

  /// The short files only: hashing is slow without optimisation.
  @Test(arguments: PublishedDataSet.all) func checksumsAreThoseOfTheFiles(set: PublishedDataSet) {
    // Tests/OuterloopFetchTests/PublishedDataSetTests.swift
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    let folder = root.deletingLastPathComponent().appendingPathComponent("shared/data/\(set.name)")
    guard FileManager.default.fileExists(atPath: folder.path) else { return }
    for file in set.files {
      let path = folder.appendingPathComponent(file.name).path
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes?[.size] as? Int == file.bytes)
      if file.bytes < 100_000 { #expect(PartFile.isComplete(file, at: path)) }
    }
  }
}
