from keras import layers

layers.Conv2D(6, 5, stride=2)
