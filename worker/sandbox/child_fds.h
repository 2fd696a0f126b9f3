// The descriptor numbers at which a job child finds its files. The child opens no path: what is not
// here does not exist for it. Constants only.
#pragma once

namespace dq {

// What the parent passes besides the files of the chain. 0 is /dev/null, 1 and 2 are captured.
inline constexpr int kChildSpecFd = 3;    // The orders, see child_message.h.
inline constexpr int kChildStatusFd = 4;  // Pipe: progress and the end, JSON lines.

// The files of ChainFiles; a number that is not open means "there is none".
inline constexpr int kChildInputFd = 5;
inline constexpr int kChildReferenceFd = 6;
inline constexpr int kChildCleanedFd = 7;
inline constexpr int kChildReportFd = 8;
inline constexpr int kChildChangesFd = 9;
inline constexpr int kChildClustersFd = 10;
inline constexpr int kChildRejectsFd = 11;
inline constexpr int kChildTempDirFd = 12;

// The files of CheckpointFiles.
inline constexpr int kChildLearnedFd = 13;
inline constexpr int kChildSlotAFd = 14;
inline constexpr int kChildSlotBFd = 15;

// More files of ChainFiles.
inline constexpr int kChildProfileFd = 16;
inline constexpr int kChildIntermediateFd = 17;

// The first number that is closed in the child, with all above.
inline constexpr int kChildFdsEnd = 18;

}  // namespace dq
