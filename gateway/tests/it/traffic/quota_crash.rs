//! Quotas over crashes and failing disks.
