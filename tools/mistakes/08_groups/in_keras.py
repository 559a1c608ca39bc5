import keras
from keras import layers

layers.Conv2D(16, 3, groups=4)(keras.Input((8, 8, 6)))
