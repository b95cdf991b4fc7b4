//! Quotas over crashes and failing disks.

mod crash;
mod disk;
