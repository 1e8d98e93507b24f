import Foundation
import Outerloop

let folder = FileManager.default.temporaryDirectory
  .appendingPathComponent("products-\(UUID().uuidString)").path
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(atPath: folder) }

let begun = try await storedStudy(in: "\(folder)/studies.db", trials: 10)
let continued = try await storedStudy(in: "\(folder)/studies.db", trials: 20)
print("trials after both runs:", try await continued.trials().count)
print("pictures:", try await studyPictures(of: continued).keys.sorted().joined(separator: ", "))
print("a chart of SVG:", lineChart().hasPrefix("<svg"))
print("violations of tpe:", try violations(by: .tpe()))
let (first, last) = try trainedLoss(steps: 200)
print("the loss falls to less than a tenth:", last < first / 10)
