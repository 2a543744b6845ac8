"""Videos and rosbag2 recordings as streams of frames; no ROS needed."""
